"""Events of the wire, with what a story seldom cares about filled in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from fake_servers import Stage
from fake_servers.event_json import from_json, to_json
from fake_servers.events import (
    DnsAnswer,
    DnsQuery,
    Event,
    SmtpBody,
    SmtpFault,
    SmtpMessage,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TcpSyn,
    Transport,
)

RESOLVER = "127.1.0.53:53"
SINK = "127.1.0.99:25"


def written(event: Event) -> Event:
    """Return an event as a record would give it back, so that a value which none can have fails the story."""
    assert not math.isnan(event.at), f"it never happened: {event}"
    return from_json(to_json(event))


def query(name: str, type: str = "A", *, id: int = 1, transport: Transport = "udp", **when: Any) -> DnsQuery:
    return DnsQuery(
        server=RESOLVER, name=name, type=type, id=id, transport=transport, client="127.0.0.1:5", planned=True,
        **when,
    )  # fmt: skip


def answer(
    name: str,
    way: str,
    *records: str,
    type: str = "A",
    id: int = 1,
    transport: Transport = "udp",
    **when: Any,
) -> DnsAnswer:
    """Return an answer that was given in such a way, `Answer.name`."""
    return DnsAnswer(
        server=RESOLVER, name=name, type=type, id=id, transport=transport, answer=way, records=records, **when
    )


def accepted(**where: Any) -> TcpAccepted:
    return TcpAccepted(peer="127.0.0.1:40000", attempt=1, **where)


def closed(**where: Any) -> TcpClosed:
    return TcpClosed(by="peer", how="fin", **where)


def syn(outcome: Any, seconds: float = 0.0, **where: Any) -> TcpSyn:
    return TcpSyn(peer="127.0.0.1:40000", outcome=outcome, seconds=seconds, **where)


def fault(action: str = "close", stage: str = "greeting", *, nth: int = 1, **where: Any) -> SmtpFault:
    return SmtpFault(stage=Stage(stage), action=action, attempt=nth, **where)


def received(stage: str, line: str, **where: Any) -> SmtpReceived:
    return SmtpReceived(stage=Stage(stage), line=line, **where)


def sent(stage: str, text: str, **where: Any) -> SmtpSent:
    return SmtpSent(stage=Stage(stage), text=text, **where)


def body(octets: int, **where: Any) -> SmtpBody:
    return SmtpBody(octets=octets, **where)


def message(
    recipients: str | Iterable[str],
    content: bytes = b"",
    *,
    mail_from: str = "",
    tls: bool = False,
    options: tuple[str, ...] = (),
    **where: Any,
) -> SmtpMessage:
    everybody = (recipients,) if isinstance(recipients, str) else tuple(recipients)
    return SmtpMessage(
        mail_from=mail_from, recipients=everybody, content=content, tls=tls, options=options, **where
    )
