"""`mailflow-conformance unpack NAME [FOLDER]`: unpacks a relay without installing it, where its adapter finds it.

    mailflow-conformance unpack exim
    pytest --target=exim

Any number of relays can be unpacked side by side, beside one that is installed. No service is started, and no file
outside the folder is touched. `--package` is for relays of other adapters: `unpack myrelay --package=myrelay-server`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance.targets.kit.packages import PackagesError, unpack
from conformance.targets.kit.sources import SOURCES, Debian, Source
from conformance.targets.kit.unpacked import usual_folder, variable, version_in

_NAME = re.compile(r"\w[\w-]*")


def main(arguments: Sequence[str], prog: str = "mailflow-conformance unpack") -> int:
    """Unpack a relay; return 2 if it cannot be had."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Unpack a relay without installing it; its adapter finds it then.",
        epilog=f"Relays of built-in targets: {', '.join(SOURCES)}. Debian packages need apt-get with package lists "
        "(apt-get update); what comes from npm needs npm.",
    )
    parser.add_argument("name", help="the name of the target")
    parser.add_argument("folder", nargs="?", type=Path, help="where to; by default in your cache (~/.cache)")
    parser.add_argument(
        "--package",
        action="append",
        default=[],
        help="a Debian package, for a relay that is not built in; repeated. It comes with its libraries, and with no "
        "other package that it depends on: name these as well",
    )
    options = parser.parse_args(arguments)
    if not _NAME.fullmatch(options.name):
        parser.error(f"{options.name!r} is no name: letters, digits, - and _ make one")
    source: Source | None = (
        Debian(tuple(options.package), "") if options.package else SOURCES.get(options.name)
    )
    if source is None:
        parser.error(
            f"no relay is called {options.name!r}; there are {', '.join(SOURCES)}; for others name what to unpack: "
            f"{options.name} --package=PACKAGE"
        )
    folder = (options.folder or usual_folder(options.name)).absolute()
    try:
        _unpack(folder, source)
    except (PackagesError, OSError) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    print(f"{options.name} {version_in(folder, source)} is in {folder}")
    if folder != usual_folder(options.name):
        print(f"export {variable(options.name)}={folder}")
    return 0


def _unpack(folder: Path, source: Source) -> None:
    if isinstance(source, Debian):
        unpack(folder, source.packages)
        return
    if version_in(folder, source) == source.version:
        return
    if shutil.which("npm") is None:
        raise PackagesError(f"npm not found: {source.package} comes from npm; install Node.js 20 or later")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = f"{source.package}@{source.version}"
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise PackagesError(f"{' '.join(command)}: {done.stderr.strip() or f'exit status {done.returncode}'}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
