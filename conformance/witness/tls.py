"""Witnesses of what happens around STARTTLS: certificates, handshakes, extensions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cache

from conformance.evidence.connections import Connection
from conformance.evidence.view import Evidence
from conformance.witness.attempts import Witness, before_repair
from conformance.witness.connections import connections_with
from conformance.witness.contact import Contact
from fake_servers import Certificate, Stage
from fake_servers.events import Event, SmtpSent, TlsEstablished, TlsOffered

# A line of an EHLO reply, and not a host name that happens to contain the word.
_OFFER = re.compile(r"^250[ -]STARTTLS\s*$", re.IGNORECASE | re.MULTILINE)

# What a server has negotiated that is not limited to older ones (ssl.SSLObject.version).
_MODERN = ("TLSv1.2", "TLSv1.3")


def _certificate_offered(evidence: Evidence) -> list[Contact]:
    return connections_with(evidence, _offered(lambda label: label != Certificate.GOOD))


def _offered(which: Callable[[str], bool]) -> Callable[[Connection], list[TlsOffered]]:
    """Return what tells of a connection that a certificate was presented whose label fits."""

    def telling(connection: Connection) -> list[TlsOffered]:
        offered = connection.offered
        return [offered] if offered is not None and which(offered.certificate) else []

    return telling


@cache
def presented(certificate: Certificate) -> Witness:
    """Return the witness of a certificate, good or bad."""

    def see(evidence: Evidence) -> list[Contact]:
        offered = connections_with(evidence, _offered(lambda label: label == certificate))
        return before_repair(evidence, offered)

    return Witness(sentence="a ClientHello came in and that certificate was presented to it", see=see)


@cache
def presented_or_left(certificate: Certificate) -> Witness:
    """Return the witness of a certificate that is no reason to deliver nothing, or of a relay that did not look at it.

    Where the message must arrive whatever is presented, who asks for TLS and goes away once he may begin has had the
    chance. That the way up to there leads on, the control with a good certificate proves.
    """

    def telling(connection: Connection) -> list[Event]:
        offered = connection.offered
        if offered is not None:
            return [offered] if offered.certificate == certificate else []
        return _left_after_starttls(connection)

    def see(evidence: Evidence) -> list[Contact]:
        return before_repair(evidence, connections_with(evidence, telling))

    return Witness(
        sentence="a ClientHello came in and that certificate was presented to it, or the relay said STARTTLS, was told "
        "to begin, and went away without one",
        see=see,
    )


@cache
def presented_or_failed(certificate: Certificate) -> Witness:
    """Return the witness of a certificate that was presented, or of a handshake that did not come so far."""

    def telling(connection: Connection) -> list[Event]:
        offered, failed = connection.offered, connection.failed
        if offered is not None:
            return [offered] if offered.certificate == certificate else []
        return [failed] if failed is not None else []

    def see(evidence: Evidence) -> list[Contact]:
        return before_repair(evidence, connections_with(evidence, telling))

    return Witness(
        sentence="a ClientHello came in and that certificate was presented to it, or the handshake failed before",
        see=see,
    )


def _left_after_starttls(connection: Connection) -> list[Event]:
    """Return the server's consent to STARTTLS, if the relay ended the connection with nothing further said."""
    closed = connection.closed
    last = connection.replies[-1:]
    if closed is None or closed.by != "peer" or not last or last[0].stage is not Stage.STARTTLS:
        return []
    return list(last) if last[0].text.startswith("220") else []


def _handshake_failed(evidence: Evidence) -> list[Contact]:
    def telling(connection: Connection) -> Iterator[Event]:
        # a client that took the server's version has met it as well
        if connection.established is not None and connection.established.version not in _MODERN:
            yield connection.established
        if connection.failed is not None:
            yield connection.failed

    return before_repair(evidence, connections_with(evidence, telling))


@cache
def offered_before_tls(extension: str) -> Witness:
    """Return the witness of an extension that the server offers in clear only, and of TLS after that."""

    def telling(connection: Connection) -> list[TlsEstablished]:
        told = any(extension in reply.text for reply in _answers_to_ehlo(connection))
        return [connection.established] if told and connection.established is not None else []

    def see(evidence: Evidence) -> list[Contact]:
        return connections_with(evidence, telling)

    return Witness(
        sentence=f"on one connection the EHLO reply in clear offered {extension}, and TLS was negotiated",
        see=see,
    )


def _no_starttls(evidence: Evidence) -> list[Contact]:
    def telling(connection: Connection) -> list[SmtpSent]:
        return [reply for reply in _answers_to_ehlo(connection) if not _OFFER.search(reply.text)]

    return before_repair(evidence, connections_with(evidence, telling))


def _session_at_hand(evidence: Evidence) -> list[Contact]:
    given: dict[
        str, float
    ] = {}  # since when a server of a good certificate has given out a session, at the latest
    for connection in evidence.connections:
        offered, established = connection.offered, connection.established
        if offered is not None and established is not None and offered.certificate == Certificate.GOOD:
            given.setdefault(connection.server, established.at)
    first = min(given.values(), default=math.inf)

    def telling(connection: Connection) -> list[Event]:
        if connection.server in given or connection.opened < first:
            return []
        seen = (connection.offered, connection.established, connection.failed)
        return [event for event in seen if event is not None]

    return connections_with(evidence, telling)


def _answers_to_ehlo(connection: Connection) -> list[SmtpSent]:
    """Return the replies to EHLO in clear."""
    return [reply for reply in connection.replies if reply.stage is Stage.EHLO]


certificate_offered = Witness(
    sentence="a ClientHello came in and the bad certificate was presented to it",
    see=_certificate_offered,
)
handshake_failed = Witness(
    sentence="a ClientHello came in, and the handshake ended in failure or with the server's only version",
    see=_handshake_failed,
)
session_at_hand = Witness(
    sentence="TLS was negotiated with the host that presents a good certificate, and after that a ClientHello came in "
    "at another one",
    see=_session_at_hand,
)
starttls_missing = Witness(
    sentence="a connection got an EHLO reply that does not offer STARTTLS",
    see=_no_starttls,
)
