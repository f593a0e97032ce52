"""What a server had offered on a connection when something was said there, and what the relay made of offers."""

from __future__ import annotations

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.step import Step
from conformance.evidence.connections import Connection
from conformance.evidence.view import Evidence
from conformance.judging.case import Case
from fake_servers import Stage
from fake_servers.events import SmtpMessage, SmtpReceived, SmtpSent, TlsEstablished

_BY_DATA, _BY_BDAT = (Stage.DATA, Stage.BODY, Stage.DOT), (Stage.BDAT, Stage.BDAT_LAST)


def keywords_of(reply: str) -> frozenset[str]:
    """Return the keywords in a positive reply to EHLO, in capitals; HELO has none."""
    return frozenset(line[4:].partition(" ")[0].upper() for line in reply.split("\n")[1:])


def offered_at(connection: Connection, at: float) -> frozenset[str] | None:
    """Return what was offered on a connection at a time; None: neither EHLO nor HELO had been answered.

    What was offered in clear is forgotten once there is TLS (RFC 3207 section 4.2).
    """
    offered: frozenset[str] | None = None
    for event in connection.events:
        if event.at > at:
            break
        match event:
            case SmtpSent(stage=Stage.EHLO | Stage.EHLO_TLS) if event.text.startswith("2"):
                offered = keywords_of(event.text)
            case TlsEstablished():
                offered = None
    return offered


def asked_for_no_offer(evidence: Evidence) -> bool:
    """Tell whether the relay said HELO and never EHLO, so that no server could offer it anything."""
    said = {word for connection in evidence.connections for word in connection.greetings}
    return said == {"HELO"}


def is_brought_by_ehlo(mode: FailureMode) -> bool:
    """Tell whether EHLO alone brings forth what a failure mode is about: what is offered, or a fault in that reply."""
    stages = {rule.stage for host in mode.hosts for rule in host.rules}
    return mode.witness.by_ehlo or stages == {Stage.EHLO}


def offered_for(case: Case, copy: SmtpMessage) -> frozenset[str]:
    """Return what the server had offered to which a copy was given; where nobody saw that, what it was staged with."""
    offered = offered_at(case.evidence.connection_of(copy), copy.at)
    if offered is not None:
        return offered
    servers = [site.server for site in case.evidence.staged.sites]
    number = servers.index(copy.server) if copy.server in servers else 0
    host = case.mode.hosts[min(number, len(case.mode.hosts) - 1)]
    secured = copy.tls and host.tls is not None and host.tls.extensions is not None
    staged = host.tls.extensions if secured and host.tls is not None else host.extensions
    return frozenset(line.partition(" ")[0].upper() for line in staged or ())


def by_chunks(evidence: Evidence, step: Step) -> bool:
    """Tell whether a copy came by BDAT (RFC 3030), which passes by what a step does to DATA and behind it."""
    if not all(rule.stage in _BY_DATA for rule in step.host.rules) or not step.host.rules:
        return False
    chunked = {e.connection for e in evidence.of(SmtpReceived) if e.stage in _BY_BDAT}
    return any(copy.connection in chunked for copy in evidence.messages)
