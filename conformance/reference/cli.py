"""The command line: `serve`, and what a running relay can be asked."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from .config_file import load
from .config_reader import ConfigError

_COMMANDS = (
    ("serve", "take and deliver mail until SIGTERM"),
    ("queue", "print the queue of the running relay as JSON"),
    ("flush", "try all waiting recipients of the running relay now"),
    ("alerts", "print the alerts about mail that waits too long as JSON, those that were cleared included"),
    ("reload", "put the edited configuration in force: all of it, or, if anything is wrong, nothing"),
    ("fix-now", "turn a connector off and make its accepted domains authoritative, in the file and at once"),
)


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m conformance.reference") -> int:
    """Run a command and return the exit status: 0 done, 1 failed, 2 wrong usage or configuration."""
    options = _parser(prog).parse_args(arguments)
    try:
        if options.command == "serve":
            return _serve(options.config)
        return _ask(options)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"no relay answers: {error}", file=sys.stderr)
        return 1


def _ask(options: argparse.Namespace) -> int:
    from . import control

    request = options.command
    if request == "reload" and options.draft is not None:
        request += f" {options.draft.absolute()}"
    if request == "fix-now":
        request += f" {options.domain}"
    line = asyncio.run(control.ask(control.find(load(options.config)), request))
    answer = json.loads(line)
    if isinstance(answer, dict) and "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 2
    print(line)
    return 0


def _serve(path: Path) -> int:
    from .service import serve
    from .settings import Settings
    from .spool import SpoolInUse

    settings = Settings(path)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd tells every line of every session
    try:
        asyncio.run(serve(settings))
    except (OSError, sqlite3.Error, SpoolInUse) as error:
        print(f"the relay cannot run: {error}", file=sys.stderr)
        return 1
    return 0


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description="The reference relay.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in _COMMANDS:
        command = commands.add_parser(name, help=help_text, description=f"{help_text}.")
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="TOML file")
        if name == "reload":
            draft = "take this file's content first: the configuration file is never seen half-edited"
            command.add_argument("--draft", type=Path, metavar="FILE", help=draft)
        if name == "fix-now":
            command.add_argument("domain", metavar="DOMAIN", help="the connector, as its alert names it")
    return parser
