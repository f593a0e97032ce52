"""The points of an SMTP dialogue at which something can happen."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A point of the dialogue, in its order (RFC 5321, section 3; RFC 3207 for TLS).

    A stage covers the client's command and the server's reply to it. Two stages lie outside of that
    pattern: at `BODY` content arrives between the replies of `DATA` and `DOT`, and at `HANDSHAKE` TLS is
    negotiated between the replies of `STARTTLS` and `EHLO_TLS`.
    """

    CONNECT = "connect"  # the TCP connection was accepted; nothing was sent yet
    GREETING = "greeting"  # the server's 220
    EHLO = "ehlo"  # EHLO, or HELO, in clear
    STARTTLS = "starttls"
    HANDSHAKE = "handshake"  # from the ClientHello on
    EHLO_TLS = "ehlo_tls"  # EHLO, or HELO, under TLS
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the reply to DATA, that is 354
    BODY = "body"  # content arrives
    DOT = "dot"  # the reply to the final dot
    QUIT = "quit"
    OTHER = "other"  # RSET, NOOP, HELP, VRFY and unknown commands; no rule can name it


_BY_VERB = {
    "EHLO": Stage.EHLO,
    "HELO": Stage.EHLO,
    "STARTTLS": Stage.STARTTLS,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    "QUIT": Stage.QUIT,
}


def stage_of(verb: str, *, secured: bool) -> Stage:
    """Return the stage a command belongs to.

    Args:
        verb: The command's name in capitals.
        secured: Whether it came under TLS.
    """
    stage = _BY_VERB.get(verb, Stage.OTHER)
    return Stage.EHLO_TLS if secured and stage is Stage.EHLO else stage
