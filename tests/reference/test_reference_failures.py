"""Every failure on a real wire, all at once: one relay, one domain and one address for each."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dns.rcode
import pytest
import trustme
from reference_world import CONTENT, MailServer, NameServer, RelayProcess, eventually

REFUSED_ADDRESS = "127.1.2.1"
UNREACHABLE_ADDRESS = "239.77.0.1"  # a TCP connection to a multicast address fails at once


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def garble_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 go\r\n")
    await reader.read(10)
    writer.write(b"this is no TLS record\r\n")
    await reader.read()


async def stall_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 go\r\n")
    await reader.read()


@dataclass
class Case:
    """One failure: how the server reacts, what the connector says, and the text that must come of it."""

    expected: str
    reactions: dict[str, Any] = field(default_factory=dict)
    tls: str = "opportunistic"
    certificate: str = ""
    records: Any = ()
    address: str = ""
    event: str = "deferred"


C = Case
CLOSED = "450 4.4.318 Connection was closed abruptly [Message="
CANNOT = "450 4.4.317 Cannot connect to remote server [Message="
CERTIFICATE = "450 4.7.320 Certificate validation failed [Message="
DNS = "450 4.4.312 DNS query failed [Message="
SILENT = f"{CLOSED}Timed out while waiting for the reply to "
ABORTED = f"{CLOSED}Connection reset by the remote server while waiting for the reply to "
ENDED = f"{CLOSED}Connection closed by the remote server while waiting for "
HANDSHAKE = f"{CANNOT}451 4.4.0 TLS negotiation failed with error "

CASES = {
    "servfail": C(f"{DNS}ErrorRetry]", records=dns.rcode.SERVFAIL),
    "dns-refused": C(f"{DNS}ErrorRefused]", records=dns.rcode.REFUSED),
    "dns-silent": C(f"{DNS}ErrorTimeout]", records="silence"),
    "nxdomain": C(f"{DNS}InfoDomainNonexistent]", records=None),
    "nodata": C(f"{DNS}InfoNoRecords]", records=[]),
    "refused": C("450 4.4.316 Connection refused [Message=Socket error code 111: ", address=REFUSED_ADDRESS),
    "unreachable": C(
        "450 4.4.315 Connection timed out [Message=Socket error code 101: ", address=UNREACHABLE_ADDRESS
    ),
    "no-greeting": C("450 4.4.315 Connection timed out [Message=Timed out while ", {"CONNECT": hang}),
    "greeting-421": C(
        f"{CANNOT}421 4.3.2 Service not available]", {"CONNECT": "421 4.3.2 Service not available"}
    ),
    "greeting-554": C(f"{CANNOT}554 go away]", {"CONNECT": "554 go away"}),
    "greeting-lines": C(f"{CANNOT}550 5.7.0 one two]", {"CONNECT": "550-5.7.0 one\r\n550 two"}),
    "greeting-garbled": C(f"{CANNOT}451 4.4.0 Malformed", {"CONNECT": "SSH-2.0-fake"}),
    "greeting-close": C(f"{ENDED}the greeting]", {"CONNECT": close}),
    "greeting-reset": C(CLOSED, {"CONNECT": reset}),
    "ehlo-refused": C(f"{CANNOT}550 no]", {"EHLO": "550 no"}),
    "ehlo-close": C(f"{ENDED}the reply to EHLO]", {"EHLO": close}),
    "mail-hang": C(f"{SILENT}MAIL]", {"MAIL": hang}),
    "rcpt-reset": C(f"{ABORTED}RCPT]", {"RCPT": reset}),
    "data-close": C(f"{ENDED}the reply to DATA]", {"DATA": close}),
    "dot-close": C(f"{ENDED}the reply to the end of the message]", {".": close}),
    "dot-hang": C(f"{SILENT}the end of the message]", {".": hang}),
    "mail-451": C("451 4.7.1 wait [LastAttemptedServerName=", {"MAIL": "451 4.7.1 wait"}),
    "mail-421": C("421 4.4.2 bye [LastAttemptedServerName=", {"MAIL": "421 4.4.2 bye"}),
    "rcpt-550": C("550 5.1.1 who? [LastAttemptedServerName=", {"RCPT": "550 5.1.1 who?"}, event="permanent"),
    "rcpt-552": C("452 5.5.3 too many [LastAttemptedServerName=", {"RCPT": "552 5.5.3 too many"}),
    "mailbox-full": C("552 5.2.2 full [LastAttempted", {"RCPT": "552 5.2.2 full"}, event="permanent"),
    "dot-452": C("452 4.3.1 disk full [LastAttemptedServerName=", {".": "452 4.3.1 disk full"}),
    "dot-554": C("554 5.6.0 spam [LastAttemptedServerName=", {".": "554 5.6.0 spam"}, event="permanent"),
    "injection": C("451 a\\x00b c [LastAttemptedServerName=", {"MAIL": b"451-a\x00b\r\n451 c"}),
    "no-starttls": C(f"{CANNOT}451 5.7.3 STARTTLS is required to send mail]", tls="encryption_only"),
    "starttls-refused": C(
        f"{CANNOT}454 4.7.0 not now]",
        {"STARTTLS": "454 4.7.0 not now"},
        tls="encryption_only",
        certificate="good",
    ),
    "handshake-garbled": C(
        HANDSHAKE, {"STARTTLS": garble_handshake}, tls="encryption_only", certificate="good"
    ),
    "handshake-stalled": C(
        f"{HANDSHAKE}TimedOut]", {"STARTTLS": stall_handshake}, tls="encryption_only", certificate="good"
    ),
    "expired": C(
        f"{CERTIFICATE}CertificateExpired Expected Subject: expired.host.test.",
        tls="certificate_validation",
        certificate="expired",
    ),
    "not-yet-valid": C(
        f"{CERTIFICATE}CertificateNotYetValid ", tls="certificate_validation", certificate="future"
    ),
    "untrusted": C(f"{CERTIFICATE}CertificateUntrusted ", tls="domain_validation", certificate="other"),
    "mismatch": C(
        f"{CERTIFICATE}SubjectMismatch Expected Subject: mismatch.host.test.",
        tls="domain_validation",
        certificate="wrong-name",
    ),
    # Deliveries that must not fail, beside those that must:
    "plain": C("250 2.0.0 taken", event="delivered"),
    "fallback-refused": C("250 ", {"STARTTLS": "454 no"}, certificate="good", event="delivered"),
    "fallback-garbled": C("250 ", {"STARTTLS": garble_handshake}, certificate="good", event="delivered"),
    "opportunistic-expired": C("250 ", certificate="expired", event="delivered"),
    "encryption-any": C("250 ", tls="encryption_only", certificate="other", event="delivered"),
    "chain-any-name": C("250 ", tls="certificate_validation", certificate="wrong-name", event="delivered"),
    "all-valid": C("250 ", tls="domain_validation", certificate="good", event="delivered"),
    "starttls-injection": C(
        "250 ",
        {"STARTTLS": "220 go\r\n250-fake\r\n250 X-INJECTED"},
        tls="encryption_only",
        certificate="good",
        event="delivered",
    ),
    "quit-close": C("250 ", {"QUIT": close}, event="delivered"),
}
NO_ADDRESS = "450 4.4.312"


class Certificates:
    """Server contexts by kind."""

    def __init__(self) -> None:
        self.trusted, self.other = trustme.CA(key_type=trustme.KeyType.ECDSA), trustme.CA()

    def context(self, kind: str, name: str) -> ssl.SSLContext:
        now = datetime.now(UTC)
        dates: dict[str, Any] = {
            "expired": {"not_before": now - timedelta(30), "not_after": now - timedelta(1)},
            "future": {"not_before": now + timedelta(3650), "not_after": now + timedelta(3660)},
        }
        authority = self.other if kind == "other" else self.trusted
        subject = "elsewhere.test" if kind == "wrong-name" else name
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate = authority.issue_cert(subject, key_type=trustme.KeyType.ECDSA, **dates.get(kind, {}))
        certificate.configure_cert(context)
        return context


@pytest.fixture
async def servers(
    relay: RelayProcess, name_server: NameServer, mail_server: MailServer
) -> AsyncIterator[dict[str, MailServer]]:
    started: dict[str, MailServer] = {}
    certificates = Certificates()
    certificates.trusted.cert_pem.write_to_path(str(relay.folder / "ca.pem"))
    relay.options["trust_anchors"] = str(relay.folder / "ca.pem")
    for number, (name, case) in enumerate(CASES.items(), start=1):
        host, address = f"{name}.host.test", case.address or f"127.1.1.{number}"
        if case.records == ():
            name_server.records[host, "A"] = [address]
            if not case.address:
                server = started[name] = MailServer()
                server.reactions = case.reactions
                server.tls = certificates.context(case.certificate, host) if case.certificate else None
                await server.start(address, mail_server.port)
        elif case.records is not None:
            name_server.records[host, "A"] = name_server.records[host, "AAAA"] = case.records
        relay.connectors.append(
            {"domain": f"{name}.test", "smart_hosts": [host], "tls": case.tls}
            | ({"tls_domain": host} if case.tls == "domain_validation" else {})
        )
    yield started
    await asyncio.gather(*(server.stop() for server in started.values()))


def recipient(name: str) -> str:
    return f"bob@{name}.test"


async def test_every_failure_has_its_code_its_detail_and_its_server(
    relay: RelayProcess, servers: dict[str, MailServer]
) -> None:
    relay.options["timeouts.command"] = 1.5
    await relay.start()
    await asyncio.gather(*(relay.submit(recipient(name)) for name in CASES))

    def first_events() -> dict[str, dict[str, Any]] | None:
        events: dict[str, dict[str, Any]] = {}
        for event in relay.events():
            events.setdefault(event["recipient"], event)
        return events if all(recipient(name) in events for name in CASES) else None

    events = await eventually(first_events)
    wrong = []
    for name, case in CASES.items():
        event = events[recipient(name)]
        good = event["text"].startswith(case.expected) and event["event"] == case.event
        if event["event"] == "delivered":
            good = good and servers[name].messages[0][2].endswith(CONTENT)
        else:
            tried = not case.expected.startswith(NO_ADDRESS)
            good = good and f"[LastAttemptedServerName={name}.host.test]" in event["text"]
            good = good and ("[LastAttemptedIP=" in event["text"]) == tried
            good = good and event["destination"] == f"{name}.host.test" and "\n" not in event["text"]
        if not good:
            wrong.append((name, case.expected, event["event"], event["text"], event["destination"]))
    assert not wrong, "\n".join(map(str, wrong))


async def test_an_unanswered_connection_request_times_out(
    relay: RelayProcess, mail_server: MailServer
) -> None:
    with socket.create_server(("127.1.2.9", mail_server.port), backlog=0) as deaf:
        fillers = [socket.create_connection(deaf.getsockname())]  # backlog + 1: the queue is full
        relay.connectors.append({"domain": "deaf.test", "smart_hosts": ["127.1.2.9"]})
        await relay.start()
        await relay.submit("bob@deaf.test")
        event = await relay.event("deferred")
        fillers[0].close()
    assert event["text"].startswith(
        "450 4.4.315 Connection timed out [Message=Socket error code 110: Connection timed out] "
        "[LastAttemptedServerName=127.1.2.9] [LastAttemptedIP=127.1.2.9:"
    )


async def test_a_dead_destination_delays_no_other(
    relay: RelayProcess, mail_server: MailServer, name_server: NameServer
) -> None:
    relay.connectors += [
        {"domain": f"d{number}.test", "smart_hosts": [f"d{number}"]} for number in range(200)
    ]
    name_server.records |= {(f"d{number}", "A"): "silence" for number in range(200)}
    relay.options["timeouts.dns"] = 3600
    await relay.start()
    await relay.submit(*(f"bob@d{number}.test" for number in range(200)))
    await asyncio.gather(*(relay.submit("bob@d0.test") for _ in range(30)))
    await relay.submit("bob@a.test")
    await relay.event("delivered")
    assert len(await relay.ask("queue")) == 230


def said_in_clear(server: MailServer) -> bool:
    return any(line.startswith("MAIL") for line in server.lines)


async def test_no_mail_in_clear_where_tls_is_required(
    relay: RelayProcess, servers: dict[str, MailServer]
) -> None:
    names = ["no-starttls", "starttls-refused", "handshake-garbled", "mismatch", "expired"]
    await relay.start()
    await relay.submit(*map(recipient, names))
    await relay.event("deferred", len(names))
    assert not [name for name in names if said_in_clear(servers[name])]


def counted(server: MailServer) -> Callable[[], bool]:
    return lambda: server.connections > 0


async def test_all_hosts_are_tried_and_the_last_one_is_reported(
    relay: RelayProcess, servers: dict[str, MailServer]
) -> None:
    relay.connectors += [
        {
            "domain": "some.test",
            "smart_hosts": ["nxdomain.host.test", "refused.host.test", "plain.host.test"],
        },
        {
            "domain": "none.test",
            "smart_hosts": ["nxdomain.host.test", "mail-451.host.test", "refused.host.test"],
        },
    ]
    await relay.start()
    await relay.submit("a@some.test", "b@none.test")
    assert (await relay.event("delivered"))["destination"] == "plain.host.test"
    event = await relay.event("deferred")
    assert event["text"].startswith("450 4.4.316 ")
    assert event["destination"] == "refused.host.test"
    assert counted(servers["mail-451"])()
