"""Nothing red, nothing inconclusive, no long wait, and a reason for what does not apply: for each newcomer."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from mutants.waves import Given, judge_all, scenario_of, stage, was_crowded, was_late

from conformance.evidence.record import Record
from conformance.judging.verdict import Verdict

from . import of_the_page
from .drop import REFUSED, USAGE, dropped, main

# Modes of each layer, and what each of these relays has its difficulty with.
STAGED = (
    "plain",
    "slow",
    "first_host_refused",
    "first_host_defers_rcpt",
    "beside_backlog",
    "dns_servfail",
    "dns_no_answer",
    "connection_refused",
    "greeting_421",
    "greeting_554",
    "greeting_timeout",
    "close_at_mail",
    "stall_at_rcpt",
    "reply_4yz_at_dot",
    "tls_not_offered",
    "rejected_at_rcpt",
    "rejected_at_dot",
    "one_recipient_rejected",
    "mx_servfail",
    "mx_nxdomain",
    "mx_best_refused",
    "stale_mx",
    "plain_mx",
    "mx_null",
    "connection_refused.null_sender",
    "killed_after_250",
    "killed_in_delivery",
    "connection_refused+rejected_at_dot.schedule",
    "dns_nxdomain+close_at_mail+healthy.schedule",
    "domains_accepted_accepted_deferred",
    "report_deferred_at_rcpt",
    "address_first_refuses",
)
KINDS = ("target:OneSmartHost", "target:OnlyMx", "target:QueueRunner", "of_the_page:OfThePage")

_WRONG = (Verdict.FAIL, Verdict.DEVIATION, Verdict.INCONCLUSIVE, Verdict.ERROR)
_LONG = 60.0  # seconds: no window of these is half as long for a relay that grants what it is asked for


def _judged(kind: str, folder: Path) -> tuple[list[Record], list[Given]]:
    """Return what was staged and all verdicts; what a crowded machine may have spoilt is staged once more."""
    wanted = [scenario_of(name) for name in STAGED]
    ids = {scenario.id for scenario in wanted}
    for pace in (1.0, 2.0):
        records = stage(f"newcomers.{kind}", wanted, folder / f"at-{pace}", pace=pace)
        given = [each for each in judge_all(records, "rfc", unstaged=True) if each.scenario.id in ids]
        doubted = any(each.judged.verdict in _WRONG for each in given)
        if not doubted or not (was_late(records) or was_crowded(records)):
            break
    return records, given


@pytest.mark.staged
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_accused_for_what_it_is(kind: str, tmp_path: Path) -> None:
    records, given = _judged(kind, tmp_path)
    assert [str(each) for each in given if each.judged.verdict in _WRONG] == []
    assert sum(each.judged.verdict is Verdict.PASS for each in given) > 15
    by_mx = {each.mode for each in given if each.judged.evidence and each.judged.evidence.staged.by_mx}
    wanted = {"connection_refused", "beside_backlog", "first_host_refused", "report_deferred_at_rcpt"}
    assert wanted & by_mx == (wanted if kind == "target:OnlyMx" else set())
    none = [each.judged.observed for each in given if each.judged.verdict is Verdict.NOT_APPLICABLE]
    assert all(len(reason) > 20 for reason in none)
    for record in records:
        for staged in record.staged.values():
            assert staged.closed is not None
            assert staged.closed - (staged.offered or 0.0) < _LONG


def test_the_adapter_of_the_page_is_short() -> None:
    assert len(of_the_page.block().splitlines()) <= of_the_page.LINES


def test_what_the_command_took_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        _submits(monkeypatch, b"Subject: x\r\n\r\nHi\r\n", str(tmp_path), "a@a.test", "b@b.test", "c@c.test")
        == 0
    )
    [one] = dropped(tmp_path)
    assert (one.sender, one.recipients, one.content) == (
        "a@a.test",
        ["b@b.test", "c@c.test"],
        b"Subject: x\r\n\r\nHi\r\n",
    )


def test_what_it_refuses_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _submits(monkeypatch, b"a\nb\r\n", str(tmp_path), "a@a.test", "b@b.test") == REFUSED
    assert _submits(monkeypatch, b"a\r\n", str(tmp_path), "a@a.test") == USAGE
    assert dropped(tmp_path) == []


def _submits(monkeypatch: pytest.MonkeyPatch, content: bytes, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(content)))
    return main(list(arguments))
