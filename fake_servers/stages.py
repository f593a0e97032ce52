"""The points of an SMTP dialogue at which something can happen."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A point of the dialogue, in its order (RFC 5321, section 3; RFC 3207 for TLS).

    A stage covers the client's command and the server's reply to it. Two stages lie outside of that
    pattern: at `BODY` content arrives between the replies of `DATA` and `DOT`, and at `HANDSHAKE` TLS is
    negotiated between the replies of `STARTTLS` and `EHLO_TLS`. `BDAT` and `BDAT_LAST` cover the octets of
    their chunk as well (RFC 3030, section 2); with them there is no `DATA`, `BODY` or `DOT`.
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
    BDAT = "bdat"  # a chunk after which others follow, and the reply to it
    BDAT_LAST = "bdat_last"  # the last chunk, and the reply to it
    RSET = "rset"  # whenever a client drops what was said of a message, or makes sure that nothing is left of one
    QUIT = "quit"
    OTHER = "other"  # NOOP, HELP, VRFY and unknown commands; no rule can name it


_BY_VERB = {
    "EHLO": Stage.EHLO,
    "HELO": Stage.EHLO,
    "STARTTLS": Stage.STARTTLS,
    "MAIL": Stage.MAIL,
    "RCPT": Stage.RCPT,
    "DATA": Stage.DATA,
    "BDAT": Stage.BDAT,
    "RSET": Stage.RSET,
    "QUIT": Stage.QUIT,
}


def stage_of(line: str, *, secured: bool) -> Stage:
    """Return the stage a command belongs to.

    Args:
        line: The command, without its line end.
        secured: Whether it came under TLS.
    """
    verb, *arguments = line.upper().split(" ")
    stage = _BY_VERB.get(verb, Stage.OTHER)
    if stage is Stage.BDAT and "LAST" in arguments:
        return Stage.BDAT_LAST
    return Stage.EHLO_TLS if secured and stage is Stage.EHLO else stage
