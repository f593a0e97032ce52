"""Witnesses of what happens around STARTTLS: certificates, handshakes, extensions."""

from __future__ import annotations

import re
from functools import cache

from conformance.evidence.view import Evidence
from conformance.witness.attempts import Contact, Witness, before_repair, connections_with
from fake_servers import Certificate, Stage
from fake_servers.events import SmtpSent, TlsEstablished, TlsFailed, TlsOffered

# A line of an EHLO reply, and not a host name that happens to contain the word.
_OFFER = re.compile(r"^250[ -]STARTTLS\s*$", re.IGNORECASE | re.MULTILINE)

# What a server has negotiated that is not limited to older ones (ssl.SSLObject.version).
_MODERN = ("TLSv1.2", "TLSv1.3")


def _certificate_offered(evidence: Evidence) -> list[Contact]:
    offered = (e for e in evidence.of(TlsOffered) if e.certificate != Certificate.GOOD)
    return connections_with(evidence, offered)


@cache
def presented(certificate: Certificate) -> Witness:
    """Return the witness of a certificate, good or bad."""

    def see(evidence: Evidence) -> list[Contact]:
        offered = (e for e in evidence.of(TlsOffered) if e.certificate == certificate)
        return before_repair(evidence, connections_with(evidence, offered))

    return Witness(sentence="a ClientHello came in and that certificate was presented to it", see=see)


def _handshake_failed(evidence: Evidence) -> list[Contact]:
    # a client that took the server's version has met it as well
    met = (
        event
        for event in evidence.events
        if isinstance(event, TlsFailed)
        or (isinstance(event, TlsEstablished) and event.version not in _MODERN)
    )
    return before_repair(evidence, connections_with(evidence, met))


@cache
def offered_before_tls(extension: str) -> Witness:
    """Return the witness of an extension that the server offers in clear only, and of TLS after that."""

    def see(evidence: Evidence) -> list[Contact]:
        offered: set[int] = set()
        secured = []
        for event in evidence.events:
            if isinstance(event, SmtpSent) and event.stage is Stage.EHLO:
                if extension in event.text:
                    offered.add(event.connection)
            elif isinstance(event, TlsEstablished) and event.connection in offered:
                secured.append(event)
        return connections_with(evidence, secured)

    return Witness(
        sentence=f"on one connection the EHLO reply in clear offered {extension}, and TLS was negotiated",
        see=see,
    )


def _no_starttls(evidence: Evidence) -> list[Contact]:
    told = (
        event
        for event in evidence.of(SmtpSent)
        if event.stage is Stage.EHLO and not _OFFER.search(event.text)
    )
    return before_repair(evidence, connections_with(evidence, told))


certificate_offered = Witness(
    sentence="a ClientHello came in and the bad certificate was presented to it",
    see=_certificate_offered,
)
handshake_failed = Witness(
    sentence="a ClientHello came in, and the handshake ended in failure or with the server's only version",
    see=_handshake_failed,
)
starttls_missing = Witness(
    sentence="a connection got an EHLO reply that does not offer STARTTLS",
    see=_no_starttls,
)
