"""Mail flow intelligence in a terminal: `mailflow-conformance demo`, or `python -m conformance.demo`.

A refused connector, the alert, Fix now and the non-delivery reports, in a few seconds. All of it happens: the
reference relay is a process of its own, its destinations are fake servers on loopback, and only its clock is
moved. Whatever is printed was read from the relay or from the wire. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import aiosmtplib

from conformance.evidence.reports import read_report
from conformance.lab.addresses import loopback
from conformance.target import AcceptedDomain, Address, Alert, Connector, Outcome, RelayConfig, TargetError
from conformance.targets.reference import ReferenceRelay, ReferenceTarget
from fake_servers import CertificateAuthority, DnsServer, Journal, Records, Refusing, SmtpServer, Zone
from fake_servers.events import SmtpMessage
from fake_servers.printable import printable_lines

T = TypeVar("T")

_HOUR = 3600.0
_LIMIT = 10.0  # seconds for anything that must happen at once
_LOOK = 0.02  # seconds between two looks
_SENDER = "sender@fabrikam.test"
_WIDTH = 100


class Demo:
    """The relay, what it can reach, and the words for the audience."""

    def __init__(self, relay: ReferenceRelay, journal: Journal) -> None:
        self.relay = relay
        self.journal = journal

    def headline(self, text: str) -> None:
        """Begin a scene."""
        print(f"\n{text}\n{'-' * len(text)}")

    def say(self, text: str, *, mark: str = "") -> None:
        """Print a paragraph; `mark` leads its first line."""
        lead = f"  {mark}" if mark else ""
        print(
            textwrap.fill(
                printable_lines(text), _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead)
            )
        )

    async def send(self, recipient: str) -> str:
        """Submit one message; return the reply that decided over it, without what differs in each run."""
        host, port = self.relay.submission
        content = f"From: <{_SENDER}>\r\nTo: <{recipient}>\r\nSubject: Hello\r\n\r\nHello.\r\n".encode(
            "ascii"
        )
        async with aiosmtplib.SMTP(hostname=host, port=port, local_hostname="client.fabrikam.test") as client:
            await client.ehlo()
            await client.mail(_SENDER)
            try:
                await client.rcpt(recipient)
            except aiosmtplib.SMTPResponseException as error:
                return f"{error.code} {error.message}"
            reply = await client.data(content)
        return f"{reply.code} {reply.message.partition(' queued as ')[0]}"

    def outcomes(self, outcome: Outcome) -> list[str]:
        """Return the recipients of all events of a kind."""
        return [event.recipient for event in self.relay.events() if event.outcome is outcome]

    def reports(self) -> list[bytes]:
        """Return every message that came back to the sender."""
        return [message.content for message in self.journal.of(SmtpMessage) if not message.mail_from]

    async def alerts(self) -> list[Alert]:
        """Return the relay's alerts."""
        return list(await self.relay.alerts())


async def play(demo: Demo) -> None:
    """Play all scenes."""
    await _refused(demo)
    await _alerted(demo)
    await _fixed(demo)
    await _expired(demo)


async def _refused(demo: Demo) -> None:
    demo.headline("A connector whose destination is gone")
    demo.say(
        "contoso.test has moved all its mailboxes to the relay's side and shut its own mail server down. The "
        "connector still leads there, and the domain is still an internal relay: recipients that the relay does "
        "not know go through the connector. It knows alice. partner.test, too, refuses connections."
    )
    recipients = ["alice@contoso.test", "bob@contoso.test", "carol@contoso.test", "dave@partner.test"]
    for recipient in recipients:
        demo.say(await demo.send(recipient), mark=f"mail for {recipient}: ")
    await _until(lambda: len(demo.outcomes(Outcome.DEFERRED)) == len(recipients))
    demo.say("All of it waits in the queue:")
    for waiting in await demo.relay.queue():
        demo.say(_stable(waiting.error), mark=f"{waiting.recipient}: ")


async def _alerted(demo: Demo) -> None:
    demo.headline("One hour later: the alert")
    demo.say("It takes three messages here, and one hour; left at its defaults the relay waits for 2,000.")
    began = demo.relay.events()[0].at
    await demo.relay.move_clock(_HOUR)
    [alert] = await _value(demo.alerts)
    demo.say(alert.connector, mark="connector:          ")
    demo.say(f"{alert.queued} messages", mark="queued:             ")
    demo.say(f"after {_hours(alert.raised_at - began)} h", mark="raised:             ")
    demo.say(f"after {_hours((alert.oldest_expires or 0) - began)} h", mark="oldest expires:     ")
    demo.say(f"{alert.destination_server} ({alert.last_address})", mark="destination server: ")
    demo.say(_stable(alert.last_error), mark="last error:         ")
    demo.say(alert.how_to_fix, mark="how to fix:         ")


async def _fixed(demo: Demo) -> None:
    demo.headline("Fix now")
    await demo.relay.fix_now("contoso.test")
    demo.say("The connector is off and contoso.test is authoritative, in one step. From now on:")
    for recipient in ("erin@contoso.test", "alice@contoso.test"):
        demo.say(await demo.send(recipient), mark=f"mail for {recipient}: ")
    demo.say("And the mail in the queue, of which nothing is lost:")
    await _until(lambda: len(demo.relay.mailbox("alice@contoso.test")) == 2 and len(demo.reports()) == 2)
    await _until(lambda: demo.outcomes(Outcome.DELIVERED).count("alice@contoso.test") == 2)
    demo.say("both messages are in her mailbox", mark="alice@contoso.test: ")
    for recipient, line in sorted(_returned(demo.reports())):
        demo.say(f"returned to the sender, {line}", mark=f"{recipient}: ")
    [alert] = await _value(lambda: _cleared(demo))
    demo.say("its cause has ended, it is cleared", mark=f"the alert for {alert.connector}: ")


async def _expired(demo: Demo) -> None:
    demo.headline("Twenty-four hours after the first scene: the non-delivery report")
    await demo.relay.move_clock(23 * _HOUR)
    await _until(lambda: len(demo.reports()) == 3)
    report = demo.reports()[-1]
    [(recipient, line)] = _returned([report])
    demo.say(read_report(report).subject, mark="Subject: ")
    demo.say(recipient, mark="Final-Recipient: ")
    demo.say(read_report(report).recipients[0].status, mark="Status: ")
    demo.say(line, mark="Diagnostic-Code: ")
    await _value(lambda: _queue_is_empty(demo))
    demo.say("The queue is empty.")


async def _queue_is_empty(demo: Demo) -> bool:
    return not await demo.relay.queue()


async def _cleared(demo: Demo) -> list[Alert]:
    return [alert for alert in await demo.alerts() if alert.cleared_at is not None]


def _returned(reports: Sequence[bytes]) -> list[tuple[str, str]]:
    """Return recipient and diagnostic of each report."""
    return [
        (each.final_recipient, each.diagnostic)
        for report in reports
        for each in read_report(report).recipients
    ]


def _stable(error: str) -> str:
    """Return an error without what differs in each run: port, time and session."""
    return error.partition(" [LastAttemptedIP=")[0]


def _hours(seconds: float) -> int:
    return round(seconds / _HOUR)


async def _until(check: Callable[[], bool]) -> None:
    async def look() -> bool:
        return check()

    await _value(look)


async def _value(ask: Callable[[], Awaitable[T]]) -> T:
    """Return the first answer that is true."""
    async with asyncio.timeout(_LIMIT):
        while not (answer := await ask()):  # noqa: ASYNC110 (another process is watched)
            await asyncio.sleep(_LOOK)
    return answer


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Demo]:
    """Start the fake servers and the relay, whose files are all in `folder`."""
    lab, journal, zone = loopback(), Journal(), Zone()
    anchors = folder / "trust-anchors.pem"
    anchors.write_bytes(CertificateAuthority().trust_anchors())
    dead = ("contoso.test", "partner.test")
    async with AsyncExitStack() as stack:
        for number, domain in enumerate(dead):
            refusing = Refusing(journal, lab.scenario_host(number, 0), lab.smtp_port)
            refusing.start()
            stack.callback(refusing.stop)
            zone.set(f"mail.{domain}", "A", Records(lab.scenario_host(number, 0)))
        senders = SmtpServer(journal, hostname="mail.fabrikam.test")
        await senders.start(lab.sink_host, lab.smtp_port)
        stack.push_async_callback(senders.stop)
        zone.set("mail.fabrikam.test", "A", Records(lab.sink_host))
        dns = DnsServer(journal, zone)
        await dns.start(lab.resolver.host, lab.resolver.port)
        stack.push_async_callback(dns.stop)
        config = RelayConfig(
            work_directory=folder,
            hostname="relay.test",
            listen=Address(lab.relay_host, 0),
            resolver=Address(*dns.address),
            next_hop_port=lab.smtp_port,
            connectors=tuple(
                Connector(domain=domain, smart_hosts=(f"mail.{domain}",))
                for domain in (*dead, "fabrikam.test")
            ),
            trust_anchors=anchors,
            retry_interval=15 * 60.0,
            max_retry_interval=_HOUR,
            queue_lifetime=24 * _HOUR,
            connect_timeout=2.0,
            command_timeout=2.0,
            dns_timeout=2.0,
            accepted_domains=(AcceptedDomain(domain="contoso.test", recipients=("alice@contoso.test",)),),
            alert_messages=3,
            alert_age=_HOUR,
        )
        relay = await stack.enter_async_context(ReferenceTarget().running(config))
        yield Demo(relay, journal)


async def _run() -> None:
    with tempfile.TemporaryDirectory(prefix="mailflow-demo-") as name:
        async with staged(Path(name)) as demo:
            await play(demo)


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m conformance.demo") -> int:
    """Play; return 0, or 1 if something did not happen as it should have."""
    parser = argparse.ArgumentParser(prog=prog, description=_DESCRIPTION)
    parser.parse_args(arguments)
    try:
        asyncio.run(_run())
    except TimeoutError:
        print(f"what comes next did not happen within {_LIMIT:.0f} s", file=sys.stderr)
        return 1
    except (TargetError, OSError) as error:
        print(printable_lines(f"the demonstration cannot go on: {error}"), file=sys.stderr)
        return 1
    return 0


_DESCRIPTION = "Shows a refused connector, the alert, Fix now and the non-delivery reports, in a few seconds."

if __name__ == "__main__":
    sys.exit(main())
