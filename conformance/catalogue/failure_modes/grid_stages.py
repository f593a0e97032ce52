"""The rows of the grid: the stages of a delivery, in their order. A new row is one `StageRow` here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fake_servers import OFFER, Reply, Stage

_FINE = Reply(250, "2.0.0 Fine")
_OK = Reply(250, "2.0.0 OK")
_GO_AHEAD = Reply(354, "Go ahead")
_BUSY = Reply(451, "4.3.2 Not just now")
_NOT_WANTED = Reply(550, "5.7.1 Not wanted here")


class Phase(StrEnum):
    """How far the session has come, which decides what must follow."""

    OPENING = "the session does not stand yet"
    TRANSACTION = "the message is being handed over"
    LEAVING = "the message was handed over"


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """A stage.

    Attributes:
        stage: The stage.
        phase: How far the session has come.
        place: Where something happens instead of the reply: "after MAIL".
        asked: What is answered there: "MAIL".
        healthy: The healthy reply, of 16 octets with its line end.
        wrong: A positive reply that belongs to another stage.
        busy: The 4yz reply.
        refusal: The 5yz reply.
        tls: Whether the stage exists only under a connector that requires TLS.
        octets: Size of the message.
        extensions: What EHLO offers.
        avoidable_because: As in `FailureMode`.
        brief: As in `FailureMode`, whatever the column says.
    """

    stage: Stage
    phase: Phase
    place: str
    asked: str
    healthy: Reply = _FINE
    wrong: Reply = _GO_AHEAD
    busy: Reply = _BUSY
    refusal: Reply = _NOT_WANTED
    tls: bool = False
    octets: int = 1_500
    extensions: tuple[str, ...] = OFFER
    avoidable_because: str = ""
    brief: bool = False


# More than the sockets of both sides hold: the fault falls inside the content for the relay, too.
_FIVE_MEGABYTES = 5_000_000

# More than one chunk of a relay that sends what fits into its buffers.
_MANY_CHUNKS = 200_000
_CHUNKING = (*OFFER, "CHUNKING")

ROWS = (
    StageRow(
        stage=Stage.CONNECT,
        phase=Phase.OPENING,
        place="before anything is said",
        asked="a SYN",
    ),
    StageRow(
        stage=Stage.GREETING,
        phase=Phase.OPENING,
        place="instead of greeting",
        asked="a connection",
        healthy=Reply(220, "mx.test ok"),
        refusal=Reply(554, "5.3.2 No SMTP service here"),
    ),
    StageRow(stage=Stage.EHLO, phase=Phase.OPENING, place="after EHLO", asked="EHLO"),
    StageRow(
        stage=Stage.STARTTLS,
        phase=Phase.OPENING,
        place="after STARTTLS",
        asked="STARTTLS",
        healthy=Reply(220, "2.0.0 Fine"),
        wrong=_OK,
        busy=Reply(454, "4.7.0 TLS not available"),
        refusal=Reply(554, "5.7.0 TLS not wanted"),
        tls=True,
    ),
    StageRow(
        stage=Stage.HANDSHAKE,
        phase=Phase.OPENING,
        place="in the TLS handshake",
        asked="the ClientHello",
        tls=True,
    ),
    StageRow(
        stage=Stage.EHLO_TLS,
        phase=Phase.OPENING,
        place="after EHLO under TLS",
        asked="EHLO under TLS",
        tls=True,
    ),
    StageRow(stage=Stage.MAIL, phase=Phase.TRANSACTION, place="after MAIL", asked="MAIL"),
    StageRow(
        stage=Stage.RCPT,
        phase=Phase.TRANSACTION,
        place="after RCPT",
        asked="RCPT",
        busy=Reply(450, "4.2.1 Mailbox busy"),
    ),
    StageRow(
        stage=Stage.DATA,
        phase=Phase.TRANSACTION,
        place="after DATA",
        asked="DATA",
        healthy=Reply(354, "Go ahead.."),
        wrong=_OK,
    ),
    StageRow(
        stage=Stage.BODY,
        phase=Phase.TRANSACTION,
        place="in the middle of the message",
        asked="half of the message",
        octets=_FIVE_MEGABYTES,
    ),
    StageRow(
        stage=Stage.DOT,
        phase=Phase.TRANSACTION,
        place="after the final dot",
        asked="the final dot",
        busy=Reply(452, "4.3.1 Out of memory"),
    ),
    StageRow(
        stage=Stage.BDAT,
        phase=Phase.TRANSACTION,
        place="after a chunk of the message that is not the last",
        asked="a chunk that is not the last",
        busy=Reply(452, "4.3.1 Out of memory"),
        octets=_MANY_CHUNKS,
        extensions=_CHUNKING,
        avoidable_because="the relay does not send the message in chunks (BDAT), or sends all of it in the last one",
        brief=True,
    ),
    StageRow(
        stage=Stage.BDAT_LAST,
        phase=Phase.TRANSACTION,
        place="after the last chunk of the message",
        asked="the last chunk",
        busy=Reply(452, "4.3.1 Out of memory"),
        extensions=_CHUNKING,
        avoidable_because="the relay does not send the message in chunks (BDAT)",
        brief=True,
    ),
    StageRow(
        stage=Stage.QUIT,
        phase=Phase.LEAVING,
        place="after QUIT",
        asked="QUIT",
        healthy=Reply(221, "2.0.0 Bye!"),
        wrong=_OK,
    ),
)
