"""Which code belongs to which failure: the seven sections of the source document as one table.

The codes and titles are typed from the source document ("Mail flow intelligence in EOP"), the titles at
expiry from what returned messages were seen to say ("Message expired, connection refused").
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far the delivery had come."""

    DNS = "the DNS query"
    CONNECT = "the connection"
    GREETING = "the greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    HANDSHAKE = "the TLS handshake"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BODY = "the end of the message"


class Cause(StrEnum):
    """What the far side did."""

    LOOKUP = "no usable answer from the name server"
    UNANSWERED = "the connection request was not answered"
    UNREACHABLE = "no way to the address"
    REFUSED = "the connection request was refused"
    CLOSED = "the connection was closed"
    RESET = "the connection was reset"
    SILENT = "nothing came in time"
    REJECTED = "a reply that ends the session"
    MALFORMED = "a reply that is not SMTP"
    NO_TLS = "TLS is required and not offered"
    TLS_FAILED = "TLS could not be negotiated"
    CERTIFICATE = "the certificate did not pass"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One section of the source document.

    Attributes:
        status: The enhanced status code while the message is retried.
        title: The words after it.
        expired_title: The words after "Message expired, " when retrying is over.
    """

    status: str
    title: str
    expired_title: str

    @property
    def expired_status(self) -> str:
        """The status code at expiry: class 5, same subject and detail."""
        return "5" + self.status[1:]


DNS_QUERY_FAILED = Condition(status="4.4.312", title="DNS query failed", expired_title="DNS query failed")
TIMED_OUT = Condition(status="4.4.315", title="Connection timed out", expired_title="connection timed out")
REFUSED = Condition(status="4.4.316", title="Connection refused", expired_title="connection refused")
CANNOT_CONNECT = Condition(
    status="4.4.317",
    title="Cannot connect to remote server",
    expired_title="cannot connect to remote server",
)
# The words differ on purpose: the deferral says "closed abruptly", the returned message "connection reset".
CLOSED_ABRUPTLY = Condition(
    status="4.4.318", title="Connection was closed abruptly", expired_title="connection reset"
)
CERTIFICATE_FAILED = Condition(
    status="4.7.320", title="Certificate validation failed", expired_title="certificate validation failed"
)

CONDITIONS = {
    condition.status: condition
    for condition in (
        DNS_QUERY_FAILED,
        TIMED_OUT,
        REFUSED,
        CANNOT_CONNECT,
        CLOSED_ABRUPTLY,
        CERTIFICATE_FAILED,
    )
}

_BY_CAUSE = {
    Cause.LOOKUP: DNS_QUERY_FAILED,
    Cause.UNANSWERED: TIMED_OUT,
    Cause.UNREACHABLE: TIMED_OUT,
    Cause.REFUSED: REFUSED,
    Cause.CLOSED: CLOSED_ABRUPTLY,
    Cause.RESET: CLOSED_ABRUPTLY,
    Cause.SILENT: CLOSED_ABRUPTLY,
    Cause.REJECTED: CANNOT_CONNECT,
    Cause.MALFORMED: CLOSED_ABRUPTLY,
    Cause.NO_TLS: CANNOT_CONNECT,
    Cause.TLS_FAILED: CANNOT_CONNECT,
    Cause.CERTIFICATE: CERTIFICATE_FAILED,
}

_BY_STAGE_AND_CAUSE = {
    # A server that is connected but never greets is as good as one that never answered.
    (Stage.GREETING, Cause.SILENT): TIMED_OUT,
    # Until the session stands, a peer that does not speak SMTP, or no more, is one that cannot be talked to at all.
    (Stage.GREETING, Cause.MALFORMED): CANNOT_CONNECT,
    (Stage.EHLO, Cause.MALFORMED): CANNOT_CONNECT,
    (Stage.STARTTLS, Cause.MALFORMED): CANNOT_CONNECT,
    (Stage.EHLO, Cause.SILENT): CANNOT_CONNECT,
    (Stage.STARTTLS, Cause.SILENT): CANNOT_CONNECT,
    # A server that drops the connection at STARTTLS does not give the TLS that was required.
    (Stage.STARTTLS, Cause.CLOSED): CANNOT_CONNECT,
    (Stage.STARTTLS, Cause.RESET): CANNOT_CONNECT,
    # Whatever breaks a handshake, the requirement that was not met is TLS.
    (Stage.HANDSHAKE, Cause.CLOSED): CANNOT_CONNECT,
    (Stage.HANDSHAKE, Cause.RESET): CANNOT_CONNECT,
    (Stage.HANDSHAKE, Cause.SILENT): CANNOT_CONNECT,
}


def classify(stage: Stage, cause: Cause) -> Condition:
    """Return the section of the source document that a failure belongs to."""
    return _BY_STAGE_AND_CAUSE.get((stage, cause), _BY_CAUSE[cause])
