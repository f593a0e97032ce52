"""The grid: every stage of a delivery times everything a server can do there.

The stages are the rows (`grid_stages`), the actions the columns (`grid_actions`). A cell is a failure mode called
`{action}_at_{stage}`, or an older one under its older name, or it makes no sense and has a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.catalogue.connector import TlsRule
from conformance.catalogue.destination import EachAttempt, Host, ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.grid_actions import COLUMNS, Column
from conformance.catalogue.failure_modes.grid_stages import ROWS, Phase, StageRow
from conformance.catalogue.message import Kind, Message, Refusal
from conformance.catalogue.section import Section
from conformance.target import TlsPolicy
from conformance.witness.connections import fault_played, stalled
from fake_servers import Rule, Stage

_SMALL_BUFFER = 4_096

# Cells that were named before there was a grid.
_NAMES = {
    ("reply_421", Stage.GREETING): "greeting_421",
    ("reply_5yz", Stage.GREETING): "greeting_554",
    ("stall", Stage.GREETING): "greeting_timeout",
    ("reply_4yz", Stage.STARTTLS): "starttls_454",
    ("malformed", Stage.HANDSHAKE): "tls_handshake_garbage",
    ("reply_5yz", Stage.MAIL): "rejected_at_mail",
    ("reply_5yz", Stage.RCPT): "rejected_at_rcpt",
    ("reply_5yz", Stage.DATA): "rejected_at_data",
    ("reply_5yz", Stage.DOT): "rejected_at_dot",
}

# Cells that another file declares, because no server is there to do anything.
_ELSEWHERE = {
    ("stall", Stage.CONNECT): "connect_timeout",
    ("reset", Stage.CONNECT): "connection_refused",
}

# Cells that a section of the source document describes more closely than the others of their column.
_SECTIONS = {
    "greeting_timeout": Section.CONNECTION_TIMED_OUT,
    "tls_handshake_garbage": Section.CANNOT_CONNECT,
}

_TLS_WORDS = ("tls", "ssl", "handshake")
_STAYED = "the relay kept its connection open after the delivery"

# What is said there is the relay's error, word for word.
_TELLING = (Section.CLOSING_421, Section.TRANSIENT_REPLIES, Section.PERMANENT_REPLIES)


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        stage: The stage.
        action: The name of the action.
        failure_mode: The name of the failure mode that stages it; empty: there is none.
        reason: Why there is none.
    """

    stage: Stage
    action: str
    failure_mode: str = ""
    reason: str = ""


def _cell(row: StageRow, column: Column) -> Cell:
    key = (column.name, row.stage)
    if key in _ELSEWHERE:
        return Cell(row.stage, column.name, _ELSEWHERE[key])
    if row.stage in column.impossible:
        return Cell(row.stage, column.name, reason=column.impossible[row.stage])
    return Cell(row.stage, column.name, _NAMES.get(key, f"{column.name}_at_{row.stage}"))


def mode_of_cell(
    name: str,
    row: StageRow,
    column: Column,
    *,
    extensions: tuple[str, ...] | None = None,
    brief: bool = False,
) -> FailureMode:
    """Return what stages a cell.

    Args:
        name: Its name.
        row: The stage.
        column: The action.
        extensions: What EHLO offers; None: what it does in the grid.
        brief: As in `FailureMode`, whatever the grid says.
    """
    said = column.said(row) if column.said else None
    about = column.about.format(place=row.place, asked=row.asked, said=said.text if said else "")
    kept = said if row.phase is Phase.TRANSACTION and column.later in _TELLING else None
    kind = column.kind_of(row)
    offer = row.extensions if extensions is None else extensions
    if column.one_by_one and row.phase is Phase.TRANSACTION:
        offer = tuple(extension for extension in offer if extension != "PIPELINING")
    one_by_one = "" if "PIPELINING" in offer else ", which does not offer PIPELINING,"
    return FailureMode(
        name=name,
        section=_SECTIONS.get(name, column.section_of(row)),
        staged=f"{'The connector requires TLS; the' if row.tls else 'The'} server{one_by_one} {about}.",
        kind=kind,
        hosts=(
            Host(
                rules=(Rule(stage=row.stage, action=column.action(row)),),
                tls=ServerTls() if row.tls else None,
                extensions=offer,
                receive_buffer=_SMALL_BUFFER if row.stage is Stage.BODY else None,
            ),
        ),
        tls=TlsRule(policy=TlsPolicy.ENCRYPTION_ONLY if row.tls else TlsPolicy.OPPORTUNISTIC),
        message=Message(octets=row.octets),
        witness=stalled if column.timeout else fault_played,
        avoidable_because=_STAYED if row.stage is Stage.QUIT else row.avoidable_because,
        attempt=EachAttempt(timeout=column.timeout),
        explained_by=() if kind is Kind.HARMLESS else _words(row, column),
        refusal=Refusal(reply=kept),
        brief=kind is Kind.TRANSIENT
        and (brief or row.brief or (column.brief and name not in _NAMES.values())),
    )


def _words(row: StageRow, column: Column) -> tuple[str, ...]:
    """Return what a detail may say: what the server said, what the column is about, and that it was under TLS."""
    said = column.said(row) if column.said else None
    quoted = (str(said.code), _plain(said.lines[0])) if said else ()
    return (*quoted, *column.explained_by, *(_TLS_WORDS if row.tls else ()))


def _plain(text: str) -> str:
    """Return the words of a reply as error details are searched for them: letters and digits only."""
    words = text.split(" ", 1)[-1] if text[:1].isdigit() else text
    return "".join(character for character in words.lower() if character.isalnum())


def _modes() -> Iterator[FailureMode]:
    for row in ROWS:
        for column in COLUMNS:
            cell = _cell(row, column)
            if cell.failure_mode and (column.name, row.stage) not in _ELSEWHERE:
                yield mode_of_cell(cell.failure_mode, row, column)


CELLS: tuple[Cell, ...] = tuple(_cell(row, column) for row in ROWS for column in COLUMNS)
"""All cells, row by row."""

MODES: tuple[FailureMode, ...] = tuple(_modes())


def left_out() -> tuple[tuple[Stage, str, str], ...]:
    """Return stage, action and reason of every cell that makes no sense."""
    return tuple((cell.stage, cell.action, cell.reason) for cell in CELLS if cell.reason)
