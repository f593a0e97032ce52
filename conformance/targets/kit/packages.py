"""Unpacks Debian packages into a folder, for relays that cannot be installed beside another one.

Nothing is installed: the packages, and the libraries they need that this machine lacks, are downloaded by `apt-get`
(which checks their signatures) and unpacked below a folder; no script of theirs is run. A folder that holds them
already is left as it is; remove it to have newer ones.

Needs a Debian or a system made from it, with package lists (`apt-get update`).
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

LIST = "packages.txt"
"""The file in the folder that names what was unpacked there: one line for each package, its name and its version."""

_MERGED = ("bin", "sbin", "lib", "lib64")  # links into /usr on every system of today
_TOOLS = ("apt-get", "dpkg-deb")


class PackagesError(Exception):
    """Packages cannot be had; the text says what would help."""


def unpack(folder: Path, packages: Sequence[str]) -> None:
    """Make `folder` hold the contents of packages and of the libraries they need.

    Set-user-ID and set-group-ID bits are not kept: a cache is no place for them.

    Raises:
        PackagesError: This is no Debian, a package is not to be had, or something else is in the folder.
    """
    if set(packages) <= versions(folder).keys():
        return
    if folder.exists() and not ((folder / LIST).exists() or (folder.is_dir() and not any(folder.iterdir()))):
        raise PackagesError(
            f"{folder} holds something else, which would be removed: "
            "name a folder that is new or empty, or to which something was unpacked before"
        )
    absent = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if absent:
        raise PackagesError(f"{', '.join(absent)} not found: relays are unpacked from Debian packages")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
        fresh, archives = Path(scratch, "root"), Path(scratch, "archives")
        fresh.mkdir(mode=0o755)
        archives.mkdir()
        wanted = [*packages, *missing_libraries(packages)]
        _run("apt-get", "--option", "APT::Sandbox::User=root", "download", *wanted, cwd=archives)
        lines = []
        for archive in sorted(archives.glob("*.deb")):
            _run("dpkg-deb", "--extract", str(archive), str(fresh))
            lines.append(_run("dpkg-deb", "--show", "--showformat", "${Package} ${Version}", str(archive)))
        _tidy(fresh)
        (fresh / LIST).write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)


def versions(folder: Path) -> dict[str, str]:
    """Return the versions of the packages that were unpacked there, by name; none if nothing was."""
    try:
        lines = (folder / LIST).read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    return dict(line.split(" ", 1) for line in lines)


def missing_libraries(packages: Sequence[str]) -> list[str]:
    """Return the libraries that apt would install with these packages here, by the names of their packages.

    Raises:
        PackagesError: A package is unknown, or cannot be installed.
    """
    said = _run("apt-get", "--simulate", "--no-install-recommends", "install", *packages)
    installed = re.findall(r"(?m)^Inst (\S+) ", said)
    return [name for name in installed if name.startswith("lib") and name not in packages]


def _tidy(root: Path) -> None:
    """Move what lies beside /usr into it, and take away the bits that lend rights."""
    for name in _MERGED:
        if (beside := root / name).is_dir():
            shutil.copytree(beside, root / "usr" / name, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(beside)
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & 0o777)


def _run(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        complaint = done.stderr.strip() or f"exit status {done.returncode}"
        raise PackagesError(f"{' '.join(command)}: {complaint} (package lists are made by: apt-get update)")
    return done.stdout
