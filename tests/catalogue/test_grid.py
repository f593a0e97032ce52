from __future__ import annotations

import pytest

from conformance.catalogue.destination import ServerTls
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes import ALL, control_of
from conformance.catalogue.failure_modes.grid import CELLS, MODES, Cell, left_out
from conformance.catalogue.failure_modes.grid_actions import COLUMNS
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from fake_servers import OFFER, Reset, Stage, Stall

_STAGES = [stage for stage in Stage if stage not in (Stage.RSET, Stage.OTHER)]


_IN_GROUPS = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)


def _at(stage: Stage) -> list[FailureMode]:
    return [ALL[cell.failure_mode] for cell in CELLS if cell.stage is stage and cell.failure_mode]


def test_every_stage_meets_every_action_once() -> None:
    wanted = [(stage, column.name) for stage in _STAGES for column in COLUMNS]
    assert [(cell.stage, cell.action) for cell in CELLS] == wanted
    assert {column.name for column in COLUMNS} >= {
        "reply_421",
        "reply_4yz",
        "reply_5yz",
        "close",
        "reset",
        "stall",
    }


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.action}-{cell.stage}")
def test_a_cell_is_a_failure_mode_or_has_a_reason(cell: Cell) -> None:
    assert bool(cell.failure_mode) is not bool(cell.reason)
    assert not cell.failure_mode or cell.failure_mode in ALL


def test_no_failure_mode_fills_two_cells_and_none_of_the_grid_is_left_over() -> None:
    names = [cell.failure_mode for cell in CELLS if cell.failure_mode]
    assert len(names) == len(set(names))
    assert {mode.name for mode in MODES} <= set(names)


def test_what_is_left_out_says_where_and_why() -> None:
    assert (Stage.BODY, "reply_4yz") in [(stage, action) for stage, action, _ in left_out()]
    assert all(len(reason.split()) > 5 for _, _, reason in left_out())


def test_the_names_that_came_before_the_grid_are_cells_of_it() -> None:
    named = {(cell.action, cell.stage): cell.failure_mode for cell in CELLS}
    assert named["stall", Stage.GREETING] == "greeting_timeout"
    assert named["stall", Stage.CONNECT] == "connect_timeout"
    assert named["close", Stage.DOT] == "close_at_dot"
    assert named["reply_5yz", Stage.RCPT] == "rejected_at_rcpt"


def test_every_stage_can_fall_silent() -> None:
    for stage in _STAGES[1:]:
        assert any(mode.stalls for mode in _at(stage)), stage


def test_nothing_at_quit_keeps_a_message_from_arriving() -> None:
    assert len(_at(Stage.QUIT)) == len(COLUMNS)
    assert {mode.kind for mode in _at(Stage.QUIT)} == {Kind.HARMLESS}


def test_a_fault_amid_the_content_falls_inside_it_for_both_sides() -> None:
    for mode in _at(Stage.BODY):
        assert mode.message.octets >= 5_000_000
        assert mode.hosts[0].receive_buffer == 4_096
        action = mode.hosts[0].rules[0].action
        assert not isinstance(action, Reset | Stall) or 0 < action.after < 10_000


def test_chunks_are_offered_where_they_are_waited_for_and_nowhere_else() -> None:
    for mode in MODES:
        [host] = mode.hosts
        chunked = host.rules[0].stage in (Stage.BDAT, Stage.BDAT_LAST)
        assert ("CHUNKING" in host.extensions) is chunked
        if chunked:
            assert "BDAT" in mode.avoidable_because


def test_servers_of_the_grid_offer_pipelining_unless_what_follows_would_be_taken_for_the_answer() -> None:
    for mode in MODES:
        grouped = mode.hosts[0].rules[0].stage in (*_IN_GROUPS, Stage.BDAT, Stage.BDAT_LAST)
        assert ("PIPELINING" in mode.hosts[0].extensions) is not (
            grouped and mode.name.startswith("malformed")
        )
        assert ("does not offer PIPELINING" in mode.staged) is ("PIPELINING" not in mode.hosts[0].extensions)


@pytest.mark.parametrize("stage", _IN_GROUPS)
def test_faults_where_commands_come_in_groups_are_staged_without_them_too(stage: Stage) -> None:
    for name in ("reply_4yz", "reply_5yz", "close", "stall"):
        [cell] = [cell for cell in CELLS if (cell.stage, cell.action) == (stage, name)]
        grouped, alone = ALL[cell.failure_mode], ALL[f"{name}_at_{stage}_one_by_one"]
        assert grouped.hosts[0].rules == alone.hosts[0].rules
        assert grouped.hosts[0].extensions == OFFER
        assert alone.hosts[0].extensions == tuple(each for each in OFFER if each != "PIPELINING")


def test_tls_is_required_where_the_stage_depends_on_it() -> None:
    for mode in MODES:
        [rule] = mode.hosts[0].rules
        secured = rule.stage in (Stage.STARTTLS, Stage.HANDSHAKE, Stage.EHLO_TLS)
        assert mode.tls.required is secured
        assert control_of(mode).name == ("good_under_encryption_only" if secured else "plain")
        assert mode.hosts[0].tls == (ServerTls() if secured else None)


def test_a_reply_that_trickles_is_slow_only_as_a_whole() -> None:
    for mode in MODES:
        if mode.trickles_for:
            assert 6.0 < mode.trickles_for < 7.0


def test_a_reply_of_the_remote_server_is_kept_once_the_transaction_has_begun() -> None:
    for mode in MODES:
        assert (mode.refusal.reply is not None) is (
            mode.section in (Section.TRANSIENT_REPLIES, Section.CLOSING_421, Section.PERMANENT_REPLIES)
        )
