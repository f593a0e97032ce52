"""Runs one fake server by hand: `python -m fake_servers --help`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from fake_servers import several
from fake_servers.dns import DnsServer, Zone
from fake_servers.endpoint import endpoint
from fake_servers.event_json import to_json
from fake_servers.events import Event, SmtpMessage
from fake_servers.journal import Journal
from fake_servers.kept import KeptMessage
from fake_servers.plan_file import FILE_SYNTAX
from fake_servers.smtp import Script, SmtpServer
from fake_servers.spelling import (
    ANSWER_SYNTAX,
    RULE_SYNTAX,
    parse_address,
    parse_answer,
    parse_rule,
    spell,
)
from fake_servers.tcp import Hanging, Refusing
from fake_servers.tls import Certificate, CertificateAuthority

_Address = tuple[str, int]
_Serving = list[tuple[str, _Address]]
_Parsed = TypeVar("_Parsed")


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m fake_servers") -> int:
    """Run one server, or those of a file, until SIGINT or SIGTERM; return the exit status."""
    parser = _parser(prog)
    options = parser.parse_args(arguments)
    try:
        asyncio.run(_run(options))
    # The address cannot be had, the fault not be set up, or the certificate not be made for that name.
    except (OSError, RuntimeError, ValueError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 1
    return 0


async def _run(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    journal = Journal()
    journal.subscribe(_Printer(_as_json if options.json else spell, stopped.set))
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
        journal.subscribe(_Keeper(options.keep))
    running: Callable[[argparse.Namespace, Journal], AbstractAsyncContextManager[_Serving]] = options.running
    async with running(options, journal) as serving:
        for name, (host, port) in serving:
            if options.json:
                print(json.dumps({"serving": name, "host": host, "port": port}), flush=True)
            else:
                print(f"{name} on {endpoint(host, port)}; Ctrl-C stops it.", flush=True)
        await stopped.wait()


def _as_json(event: Event) -> str:
    return json.dumps(to_json(event))


class _Printer:
    """Prints each event, until nobody reads any more; then says so once.

    Args:
        spelled: Returns the line of an event.
        unread: Called when nobody reads any more.
    """

    def __init__(self, spelled: Callable[[Event], str], unread: Callable[[], object]) -> None:
        self._spelled = spelled
        self._unread = unread
        self._over = False

    def __call__(self, event: Event) -> None:
        if self._over:
            return
        try:
            print(self._spelled(event), flush=True)
        except BrokenPipeError:
            self._over = True
            # what is left in the buffer goes nowhere, or Python would complain of it at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._unread()


class _Keeper:
    """Writes each message into a folder: its content, exactly, and beside it the envelope as JSON.

    Args:
        folder: Where to; what it has of an earlier run stays, and is not written over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = max(
            (int(file.stem) for file in folder.glob("*.eml") if file.stem.isdecimal()), default=0
        )

    def __call__(self, event: Event) -> None:
        if isinstance(event, SmtpMessage):
            self._number += 1
            file = self._folder / f"{self._number:06}.eml"
            file.write_bytes(event.content)
            file.with_suffix(".json").write_text(json.dumps(KeptMessage(event).to_json(), indent=2) + "\n")


@asynccontextmanager
async def _smtp(options: argparse.Namespace, journal: Journal) -> AsyncIterator[_Serving]:
    server = SmtpServer(
        journal,
        hostname=options.hostname,
        script=Script(*options.rule),
        tls=_tls(options),
        certificate=options.certificate or "",
        receive_buffer=options.receive_buffer,
        segment=options.segment,
    )
    await server.start(*options.listen)
    try:
        yield [(options.command, server.address)]
    finally:
        await server.stop()


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    return _authority(options).server_context(
        Certificate(options.certificate),
        options.hostname,
        address=options.listen[0],
        newest=ssl.TLSVersion[options.newest_tls] if options.newest_tls else None,
    )


def _authority(options: argparse.Namespace) -> CertificateAuthority:
    authority = CertificateAuthority()
    if options.trust_anchors is not None:
        Path(options.trust_anchors).write_bytes(authority.trust_anchors())
    return authority


@asynccontextmanager
async def _several(options: argparse.Namespace, journal: Journal) -> AsyncIterator[_Serving]:
    async with several.running(options.file, journal, _authority(options)) as serving:
        yield serving


@asynccontextmanager
async def _dns(options: argparse.Namespace, journal: Journal) -> AsyncIterator[_Serving]:
    server = DnsServer(journal, options.zone)
    await server.start(*options.listen)
    try:
        yield [(options.command, server.address)]
    finally:
        await server.stop()


@asynccontextmanager
async def _fault(options: argparse.Namespace, journal: Journal) -> AsyncIterator[_Serving]:
    kind = Refusing if options.command == "refuse" else Hanging
    fault = kind(journal, *options.listen)
    fault.start()
    try:
        yield [(options.command, fault.address)]
    finally:
        fault.stop()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Run misbehaving servers and print what they see and do, until Ctrl-C.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(
        name: str, port: int, about: str, running: object, epilog: str = ""
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name,
            help=about,
            description=about[:1].upper() + about[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(running=running, keep=None)
        added.add_argument("--json", action="store_true", help="print each event as a JSON object")
        if port:
            added.add_argument(
                "--listen",
                type=_reported(parse_address),
                default=("127.0.0.1", port),
                metavar="HOST:PORT",
                help=f"an address ([::1] for IPv6) and a port, 0 for any free one (default: 127.0.0.1:{port})",
            )
        return added

    smtp = command("smtp", 2525, "a mail server, healthy but for its rules", _smtp, RULE_SYNTAX)
    _add_smtp_options(smtp)
    dns = command("dns", 5353, "a name server over UDP and TCP", _dns, ANSWER_SYNTAX)
    dns.add_argument(
        "--set",
        action=_SetAction,
        nargs="+",
        dest="zone",
        default=Zone(),
        metavar=("NAME", "TYPE ANSWER"),
        help="the answers for a name and a type; may be repeated",
    )
    command("refuse", 2525, "a TCP port that refuses connections", _fault)
    command("hang", 2525, "a TCP port that leaves connection attempts unanswered", _fault)
    run = command("run", 0, "the servers of a file, which may change while they run", _several, FILE_SYNTAX)
    run.add_argument("file", type=Path, metavar="FILE", help="what to run (TOML)")
    for each in (smtp, run):
        _add_mail_options(each)
    return parser


def _add_mail_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--trust-anchors", metavar="FILE", help="write the certificate of the authority there, PEM"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="DIR",
        help="write each message there: the content, and its envelope as JSON",
    )


def _add_smtp_options(smtp: argparse.ArgumentParser) -> None:
    smtp.add_argument("--hostname", default="mx.fake.test", help="the server's name (default: %(default)s)")
    smtp.add_argument(
        "--rule",
        type=_reported(parse_rule),
        action="append",
        default=[],
        metavar="RULE",
        help="what to do instead of the healthy thing; may be repeated, the first that fits wins",
    )
    smtp.add_argument(
        "--certificate",
        choices=[kind.value for kind in Certificate],
        type=str.lower,
        help="offer STARTTLS with such a certificate for the host name",
    )
    smtp.add_argument(
        "--newest-tls",
        choices=["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"],
        help="speak no newer version of TLS than that; the first two are too old for most clients",
    )
    smtp.add_argument(
        "--receive-buffer", type=int, metavar="OCTETS", help="SO_RCVBUF of the connections, for rules at body"
    )
    smtp.add_argument(
        "--segment",
        type=int,
        metavar="OCTETS",
        help="largest segment that clients may send, for rules at body",
    )


class _SetAction(argparse.Action):
    """Puts each group of NAME TYPE ANSWER... into the zone."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        assert isinstance(values, list)
        if len(values) < 3:  # nargs cannot say so
            parser.error(f"argument {option_string}: expected NAME TYPE ANSWER [ANSWER ...]")
        name, rdtype, *answers = values
        zone: Zone = namespace.zone
        try:
            if rdtype.upper() == "ALL":
                zone.set_all(name, *map(parse_answer, answers))
            else:
                zone.set(name, rdtype, *map(parse_answer, answers))
        except ValueError as error:
            parser.error(f"argument {option_string}: {error}")


def _reported(parse: Callable[[str], _Parsed]) -> Callable[[str], _Parsed]:
    """Let argparse print what a parser complains of; of a ValueError it would drop the text."""

    def parsed(text: str) -> _Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parsed


if __name__ == "__main__":
    sys.exit(main())
