"""`mailflow-conformance new NAME`: writes an adapter to begin with, with comments: a file to declare one, or Python."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

_REFUSED = 4  # the exit status if it cannot be written, as pytest's for bad input
_NAME = "MYRELAY"  # stands in the templates for the relay's
_VALID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def main(arguments: Sequence[str], prog: str = "mailflow-conformance new") -> int:
    """Write an adapter; return the exit status."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Writes an adapter to begin with: NAME.toml, in which one is declared, or with --python NAME.py.",
        epilog="exit status: 0: it is written; 2: the command line is wrong; 4: it cannot be written there",
    )
    parser.add_argument("name", help="the relay's name: letters, digits, - and _")
    parser.add_argument(
        "--python", action="store_true", help="write the class instead, for what cannot be declared"
    )
    options = parser.parse_args(arguments)
    name: str = options.name
    if not _VALID.fullmatch(name):
        parser.error(f"{name!r} is no name for a relay: it is a letter, and then letters, digits, - and _")
    kind = "py" if options.python else "toml"
    module = re.sub(r"\W", "_", name)
    path = Path(f"{module if options.python else name}.{kind}")
    text = files("conformance.authoring").joinpath(f"templates/adapter.{kind}").read_text("utf-8")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace(f"{_NAME}:", f"{module}:").replace(_NAME, name))
    except FileExistsError:
        print(f"{prog}: {path} is there already; remove it, or choose another name", file=sys.stderr)
        return _REFUSED
    except OSError as error:
        print(f"{prog}: cannot write {path}: {error.strerror}", file=sys.stderr)
        return _REFUSED
    target = f"{module}:MyRelay" if options.python else str(path)
    print(f"{path} is written. Make it true for {name}, and try it: mailflow-conformance check {target}")
    return 0
