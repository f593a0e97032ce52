"""Finds a relay: where it was unpacked, or installed on this machine.

The folder that an environment variable names (`MAILFLOW_RELAY_EXIM`) comes first, then the one into which
`mailflow-conformance unpack exim` puts it by itself, then what is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from conformance.target import TargetError
from conformance.targets.kit.packages import versions
from conformance.targets.kit.sources import SOURCES, Debian, Npm, Source

COMMAND = "mailflow-conformance unpack"


class Found(NamedTuple):
    """A relay that is there.

    Attributes:
        folder: Where it was unpacked; None: it is installed.
        version: Its version; empty if that is not known.
    """

    folder: Path | None
    version: str


def variable(name: str) -> str:
    """Return the environment variable that says where a relay was unpacked."""
    return "MAILFLOW_RELAY_" + re.sub(r"\W", "_", name).upper()


def usual_folder(name: str) -> Path:
    """Return where a relay is unpacked if nobody says otherwise."""
    caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (caches if caches.is_absolute() else Path.home() / ".cache") / "mailflow-conformance" / name


def find(name: str, source: Source | None = None) -> Found:
    """Return where a relay is.

    Args:
        name: The target's.
        source: Where it comes from; None: one of `SOURCES`.

    Raises:
        TargetError: It is nowhere; the hint has the command that changes that (`installation` is set).
    """
    source = source or SOURCES[name]
    named = os.environ.get(variable(name))
    if named:
        folder = Path(named)
        version = version_in(folder, source) if folder.is_absolute() else ""
        if not version:
            raise TargetError(
                f"{name} is not unpacked: {variable(name)} names no folder with {_contents(source)}",
                hint=f"Run: {command(name, source)} {named}; or unset {variable(name)}. It is an absolute path.",
                installation=True,
            )
        return Found(folder, version)
    if version := version_in(usual_folder(name), source):
        return Found(usual_folder(name), version)
    if isinstance(source, Debian) and Path(source.program).exists():
        return Found(None, _installed_version(source.packages[0]))
    raise TargetError(
        f"{name} is neither installed nor unpacked",
        hint=f"Run: {command(name, source)} (nothing is installed by that, and no service started).",
        installation=True,
    )


def version(name: str, source: Source | None = None) -> str:
    """Return the version of a relay; empty if it is nowhere, or does not say."""
    try:
        return find(name, source).version
    except TargetError:
        return ""


def command(name: str, source: Source) -> str:
    """Return the command that unpacks a relay where it is found then."""
    if name in SOURCES:
        return f"{COMMAND} {name}"
    packages = source.packages if isinstance(source, Debian) else ()
    return " ".join([COMMAND, name, *(f"--package={package}" for package in packages)])


def _contents(source: Source) -> str:
    if isinstance(source, Npm):
        return f"node_modules/{source.package}"
    return f"the packages {', '.join(source.packages)}"


def version_in(folder: Path, source: Source) -> str:
    """Return the version of what was unpacked in a folder; empty if not all of it was."""
    if isinstance(source, Npm):
        try:
            said = json.loads((folder / "node_modules" / source.package / "package.json").read_bytes())
        except (OSError, ValueError):
            return ""
        return str(said["version"])
    there = versions(folder)
    return there[source.packages[0]] if set(source.packages) <= there.keys() else ""


def _installed_version(package: str) -> str:
    if shutil.which("dpkg-query") is None:
        return ""
    asked = ["dpkg-query", "--show", "--showformat", "${Version}", package]
    return subprocess.run(asked, capture_output=True, text=True, check=False, timeout=9).stdout.strip()
