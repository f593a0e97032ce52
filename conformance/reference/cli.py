"""The command line: `serve`, `queue` and `flush`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from .config import Config, load
from .config_reader import ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0 done, 1 failed, 2 wrong usage or configuration."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config)
        if options.command == "serve":
            return _serve(config)
        from . import control

        print(asyncio.run(control.ask(control.find(config), options.command)))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"no relay answers: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(config: Config) -> int:
    from .service import serve
    from .spool import SpoolInUse

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd tells every line of every session
    try:
        asyncio.run(serve(config))
    except (OSError, sqlite3.Error, SpoolInUse) as error:
        print(f"the relay cannot run: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance.reference", description="The reference relay."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, help_text in (
        ("serve", "take and deliver mail until SIGTERM"),
        ("queue", "print the queue of the running relay as JSON"),
        ("flush", "try all waiting recipients of the running relay now"),
    ):
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--config", type=Path, required=True, metavar="FILE", help="TOML file")
    return parser
