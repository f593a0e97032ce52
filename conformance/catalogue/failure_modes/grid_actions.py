"""The columns of the grid: what a server does at a stage. A new column is one `Column` here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conformance.catalogue.destination import Timeout
from conformance.catalogue.failure_modes.grid_stages import Phase, StageRow
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from fake_servers import (
    Action,
    Close,
    CloseWith421,
    Endless,
    Raw,
    Refuse,
    Reply,
    Reset,
    Stage,
    Stall,
    Trickle,
)

_READ_FIRST = 8_192  # octets of content before a fault falls inside it
_LONG_TEXT = 4_000  # octets; RFC 5321 section 4.5.3.1.5 allows 512 for a whole line
_NOT_SMTP = "This is not SMTP."
_NOT_TLS = "This is not a TLS record."
_CLOSING = Reply(421, "4.3.2 Service not available")


# Seconds between the octets of a reply that trickles: no single read takes long, and all sixteen take 6.4 s.
_PACE = 0.4

# Words for a connection that is gone, and for a time-out.
LOST = (
    "lost",
    "closed",
    "reset",
    "dropped",
    "disconnect",
    "abrupt",
    "eof",
    "suspicious",
    "10054",
    "aborted",
)
LATE = ("timedout", "timeout", "10060", "noresponse", "notrespond", "deadline")
ODD = ("malformed", "unexpected", "invalid", "protocol", "syntax", "outoforder", "garbage", "socketerror")

# Why a cell cannot be staged, where several columns share the reason.
_SAID_AT_CONNECT = "at connect the server says nothing: the first reply is the greeting"
_NO_SMTP_IN_TLS = "inside the handshake there are TLS records and no SMTP replies"
_NO_REPLY_DUE = "no reply is due amid the content: what the server has to say comes after the final dot"
_WHO_HAS_IT = (
    "the odd reply leaves open whether the server took the message: a second copy would be nobody's fault"
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """An action.

    Attributes:
        name: The first part of the failure modes' names: `close` in `close_at_mail`.
        about: What the server does, with `{place}` and `{asked}` of the row and what `said` returns as `{said}`.
        action: The action at a stage.
        opening: The section while the session does not stand yet.
        later: The section behind that.
        explained_by: Words that explain it, besides those of the reply.
        said: The reply that is the error, if the server says one.
        kind: What must become of the message, but at QUIT.
        timeout: Which of the relay's time-outs may have to end an attempt.
        impossible: Reasons by stage why there is no such cell.
        brief: As in `FailureMode`.
        one_by_one: Why the server does not offer PIPELINING at the stages at which commands come in groups; empty: it
            does.
    """

    name: str
    about: str
    action: Callable[[StageRow], Action]
    opening: Section
    later: Section
    explained_by: tuple[str, ...] = ()
    said: Callable[[StageRow], Reply] | None = None
    kind: Kind = Kind.TRANSIENT
    timeout: Timeout | None = None
    impossible: Mapping[Stage, str] = field(default_factory=dict)
    brief: bool = False
    one_by_one: str = ""

    def section_of(self, row: StageRow) -> Section:
        """Return the section of a cell."""
        if row.phase is Phase.LEAVING:
            return Section.QUIT
        if row.tls and self.opening == Section.CLOSED_ABRUPTLY:
            return Section.DROPPED_IN_TLS
        return self.opening if row.phase is Phase.OPENING else self.later

    def kind_of(self, row: StageRow) -> Kind:
        """Return what must become of the message in a cell."""
        if row.phase is Phase.LEAVING:
            return Kind.HARMLESS
        # before the transaction a refusal is of the server, not of the message
        return Kind.TRANSIENT if row.phase is Phase.OPENING else self.kind


def _inside(row: StageRow) -> int:
    return _READ_FIRST if row.stage is Stage.BODY else 0


def _malformed(row: StageRow) -> Action:
    if row.stage is Stage.HANDSHAKE:
        return Raw(f"{_NOT_TLS}\r\n".encode())
    return Raw(f"{_NOT_SMTP}\r\n".encode(), then=Refuse())


def _over_long(row: StageRow) -> Action:
    return Raw(f"{row.healthy.code} {'x' * _LONG_TEXT}\r\n".encode())


def _trickle(row: StageRow) -> Action:
    return Trickle(row.healthy, interval=_PACE)


_NO_REPLY = {
    Stage.CONNECT: _SAID_AT_CONNECT,
    Stage.HANDSHAKE: _NO_SMTP_IN_TLS,
    Stage.BODY: _NO_REPLY_DUE,
}

COLUMNS = (
    Column(
        name="reply_421",
        about='answers {asked} with "{said}" and closes the connection',
        action=lambda _: CloseWith421(" ".join(_CLOSING.lines)),
        said=lambda _: _CLOSING,
        opening=Section.CANNOT_CONNECT,
        later=Section.CLOSING_421,
        explained_by=("closed", "lost", "reset"),
        impossible={Stage.CONNECT: _SAID_AT_CONNECT, Stage.HANDSHAKE: _NO_SMTP_IN_TLS},
    ),
    Column(
        name="reply_4yz",
        about='answers {asked} with "{said}"',
        action=lambda row: row.busy,
        said=lambda row: row.busy,
        opening=Section.CANNOT_CONNECT,
        later=Section.TRANSIENT_REPLIES,
        impossible=_NO_REPLY,
    ),
    Column(
        name="reply_5yz",
        about='answers {asked} with "{said}"',
        action=lambda row: row.refusal,
        said=lambda row: row.refusal,
        opening=Section.CANNOT_CONNECT,
        later=Section.PERMANENT_REPLIES,
        kind=Kind.PERMANENT,
        impossible=_NO_REPLY,
    ),
    Column(
        name="close",
        about="closes the connection {place}",
        action=lambda row: Close(_inside(row)),
        opening=Section.CLOSED_ABRUPTLY,
        later=Section.CLOSED_ABRUPTLY,
        explained_by=LOST,
        impossible={Stage.CONNECT: "on the wire it is the same as a close instead of the greeting"},
    ),
    Column(
        name="reset",
        about="resets the connection {place}",
        action=lambda row: Reset(_inside(row)),
        opening=Section.CLOSED_ABRUPTLY,
        later=Section.CLOSED_ABRUPTLY,
        explained_by=LOST,
    ),
    Column(
        name="stall",
        about="falls silent {place}",
        action=lambda row: Stall(_inside(row)),
        opening=Section.SILENT_OPENING,
        later=Section.SILENT,
        explained_by=LATE,
        timeout=Timeout.COMMAND,
    ),
    Column(
        name="malformed",
        brief=True,
        one_by_one="whoever passes over it would take for the answer what is said to the commands behind it",
        about=f'answers {{asked}} with a line that is no reply, "{_NOT_SMTP}"',
        action=_malformed,
        opening=Section.ODD,
        later=Section.ODD,
        explained_by=(*ODD, *LATE, "notsmtp"),
        timeout=Timeout.COMMAND,
        impossible={Stage.CONNECT: _SAID_AT_CONNECT, Stage.BODY: _NO_REPLY_DUE},
    ),
    Column(
        name="wrong_code",
        brief=True,
        about='answers {asked} with "{said}", which is no answer to that, and goes on as if it had refused',
        action=lambda row: Raw(row.wrong.encoded(), then=Refuse()),
        said=lambda row: row.wrong,
        opening=Section.WRONG_CODE,
        later=Section.WRONG_CODE,
        explained_by=(*ODD, *LATE),
        timeout=Timeout.COMMAND,
        impossible=_NO_REPLY,
    ),
    Column(
        name="endless",
        brief=True,
        about="answers {asked} with one line of a multi-line reply after another, without end",
        action=lambda _: Endless(interval=0.02),
        opening=Section.ODD,
        later=Section.ODD,
        explained_by=(*ODD, *LATE, "toolong", "toolarge", "toomany", "limit"),
        timeout=Timeout.COMMAND,
        impossible=_NO_REPLY,
    ),
    Column(
        name="over_long",
        brief=True,
        about=f"answers {{asked}} with a positive reply of {_LONG_TEXT} octets in one line",
        action=_over_long,
        opening=Section.BEARABLE,
        later=Section.BEARABLE,
        explained_by=(*ODD, *LATE, "toolong", "toolarge", "length", "limit"),
        timeout=Timeout.COMMAND,
        impossible={**_NO_REPLY, **dict.fromkeys((Stage.DOT, Stage.BDAT_LAST), _WHO_HAS_IT)},
    ),
    Column(
        name="bare_lf",
        brief=True,
        about="ends its positive reply to {asked} with a bare LF",
        action=lambda row: Raw(row.healthy.encoded().replace(b"\r\n", b"\n")),
        opening=Section.BEARABLE,
        later=Section.BEARABLE,
        explained_by=(*ODD, *LATE, "barelf", "linefeed", "lineend"),
        timeout=Timeout.COMMAND,
        impossible={**_NO_REPLY, **dict.fromkeys((Stage.DOT, Stage.BDAT_LAST), _WHO_HAS_IT)},
    ),
    Column(
        name="trickle",
        brief=True,
        about=f"sends its positive reply to {{asked}} one octet at a time, {_PACE} s apart",
        action=_trickle,
        opening=Section.BEARABLE,
        later=Section.BEARABLE,
        explained_by=LATE,
        timeout=Timeout.COMMAND,
        impossible={
            **_NO_REPLY,
            Stage.HANDSHAKE: "a handshake is one exchange of records and no command; the stall there tells whether "
            "it has a deadline",
        },
    ),
)
