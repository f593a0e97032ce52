"""What the bench decides, what must be true of its declarations, and one fault and one oddity from end to end."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mutants.waves import TESTS, Given, scenario_of

from conformance.catalogue.requirements import Level, catalogue
from conformance.evidence.record import Staged
from conformance.evidence.site import Site
from conformance.judging.judge import Judged
from conformance.judging.verdict import Finding, Verdict
from conformance.reference.message import Message, Recipient
from conformance.target import Schedule

from .bench import Bench, is_green
from .change import DECLARED, Fault, Oddity
from .choice import is_marked, judged_by, lots_of, marks_below
from .faults import find, find_all
from .marker import each_marked, marked
from .outcome import Fate, Outcome, Seen, clear, decide, is_good_enough, rate
from .page import page

ALL = find_all()
FAULTS = [change for change in ALL if isinstance(change, Fault)]
ODDITIES = [change for change in ALL if isinstance(change, Oddity)]

_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*")
_REFERENCE = re.compile(r"https?://[^\s/]+/\S+")


def a_fault(*requirements, kind=1):
    return Fault(
        name="forgets",
        summary="Forgets.",
        mutate=lambda: None,
        kind=kind,
        requirements=requirements or ("queue/kept",),
        first=(),
        reference="https://tracker.test/1",
        reported="It forgot.",
    )


def an_oddity():
    return Oddity(
        name="quits_late",
        summary="Quits late.",
        mutate=lambda: None,
        kind=4,
        requirements=(),
        first=("plain",),
        permitted="RFC 5321 section 4.1.1.10",
    )


def seen(scenario="stall.healed", *, red=False, marked=False, requirement="queue/kept"):
    return Seen(
        scenario=scenario, requirement=requirement, profile="eop", red=red, marked=marked, told="lost"
    )


GREEN = {("stall.healed", "queue/kept"): True}
KNOWN = ("queue/kept",)


def test_caught_is_red_where_the_situation_occurred_and_the_unchanged_relay_is_green():
    outcome = decide(a_fault(), [seen(red=True, marked=True)], GREEN, KNOWN)
    assert outcome.fate is Fate.CAUGHT
    assert "queue/kept in stall.healed" in outcome.why


def test_red_where_the_situation_did_not_occur_catches_nothing():
    seen_of_it = [seen("other.healed", red=True), seen(marked=True)]
    assert decide(a_fault(), seen_of_it, GREEN, KNOWN).fate is Fate.MISSED
    assert decide(a_fault(), seen_of_it[:1], GREEN, KNOWN).fate is Fate.NEVER


@pytest.mark.parametrize("green", [{}, {("stall.healed", "queue/kept"): False}])
def test_what_is_red_on_the_unchanged_relay_as_well_catches_nothing(green):
    assert decide(a_fault(), [seen(red=True, marked=True)], green, KNOWN).fate is Fate.ACCUSES


def judged_of_the_unchanged(*findings):
    judged = Judged(
        verdict=Verdict.PASS, requirement=catalogue()["queue/kept"], level=Level.MUST, findings=findings
    )
    return [
        Given(aspect="stays_queued", scenario=scenario_of("tls_not_offered"), profile="eop", judged=judged)
    ]


def a_finding(requirement, *, holds=True):
    return Finding(requirement=requirement, level=Level.MUST, holds=holds, expected="kept", observed="gone")


@pytest.mark.parametrize(
    ("findings", "green"),
    [
        ([a_finding("queue/kept")], True),
        ([a_finding("queue/not-delivered", holds=False)], False),
        ([], False),
    ],
    ids=["named by another", "broken", "nothing compared"],
)
def test_the_unchanged_relay_is_green_where_what_might_break_was_judged(findings, green):
    key = ("tls_not_offered.healed", "queue/not-delivered")
    assert is_green(judged_of_the_unchanged(*findings), [key]) == {key: green}


def test_green_where_the_situation_occurred_is_a_miss():
    outcome = decide(a_fault(), [seen(marked=True)], GREEN, KNOWN)
    assert outcome.fate is Fate.MISSED
    assert "stall.healed" in outcome.why


def test_a_requirement_that_does_not_exist_is_named():
    outcome = decide(a_fault("queue/imagined"), [], {}, ())
    assert outcome.fate is Fate.UNKNOWN
    assert "queue/imagined" in outcome.why


def test_an_oddity_is_accused_by_anything_red_even_where_it_did_not_occur():
    assert clear(an_oddity(), [seen(marked=True), seen("other.healed", red=True)]).fate is Fate.ACCUSED
    assert clear(an_oddity(), [seen(marked=True)]).fate is Fate.INNOCENT
    assert clear(an_oddity(), [seen()]).fate is Fate.NEVER


def of(fate):
    return Outcome(change=a_fault(), fate=fate)


def test_the_rate_counts_faults_and_every_one_of_them():
    innocent = Outcome(change=an_oddity(), fate=Fate.INNOCENT)
    assert rate([of(Fate.CAUGHT), of(Fate.UNKNOWN), of(Fate.NEVER), innocent]) == (1, 3)


def test_enough_is_the_rate_and_nobody_accused():
    outcomes = [of(Fate.CAUGHT)] * 9 + [of(Fate.UNKNOWN)]
    assert is_good_enough(outcomes, 90)
    assert not is_good_enough(outcomes, 91)
    assert not is_good_enough([*outcomes, Outcome(change=an_oddity(), fate=Fate.ACCUSED)], 90)
    assert not is_good_enough([*outcomes, of(Fate.ACCUSES)], 50)


STAGED = Staged(
    scenario="stall.healed",
    failure_mode="stall",
    course="healed",
    domain="stall.healed.test",
    sender="stall.healed@sender.test",
    author="author@sender.test",
    recipient="rcpt@stall.healed.test",
    sites=[Site(name="mx1.stall.healed.test", host="127.3.0.9", port=25)],
    content=b"",
    granted=Schedule(retry_interval=1, max_retry_interval=1, queue_lifetime=1, granularity=0.1),
)


@pytest.mark.parametrize(
    "mark",
    [
        "RCPT@stall.healed.test",
        "stall.healed@sender.test",
        "mx2.stall.healed.test.",
        "127.3.0.9",
        "x@stall.healed.test",
    ],
)
def test_a_mark_is_about_the_scenario_whose_address_name_or_server_it_is(mark):
    assert is_marked(STAGED, [mark])


@pytest.mark.parametrize(
    "mark", ["rcpt@install.healed.test", "other@sender.test", "127.3.0.90", "healed.test"]
)
def test_a_mark_is_about_no_other_scenario(mark):
    assert not is_marked(STAGED, [mark])


def test_marks_are_addresses_and_what_concerns_nobody_marks_nobody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    each_marked(())
    assert marks_below(tmp_path) == []
    with pytest.raises(AssertionError, match="no message is tried"):
        marked()
    two = [Recipient(number=number, address=f"{number}@a.test") for number in range(2)]
    marked(Message(sender="s@b.test", accepted_at=0.0, recipients=two))
    each_marked([two[0], "mx.a.test"])
    assert marks_below(tmp_path) == ["0@a.test", "1@a.test", "0@a.test", "mx.a.test"]


def test_quick_is_what_a_fault_names_itself():
    change = find("mx_timed_out_is_no_mx")
    (lot,) = lots_of(change, quick=True)
    assert [each.failure_mode.name for each in lot] == list(change.first)
    assert len(list(lots_of(change))) > 1


def test_what_a_requirement_judges_is_found_and_what_is_named_comes_first():
    profile, scenarios = judged_by("mx/no-other-host")
    assert profile == "eop"
    assert "mx_servfail_beside_address" in {each.failure_mode.name for each in scenarios}
    assert judged_by("mx/imagined")[1] == []
    lot, *rest = lots_of(an_oddity())
    assert [each.failure_mode.name for each in lot] == ["plain"]
    assert rest == []


@pytest.mark.parametrize("change", ALL, ids=lambda change: change.name)
def test_a_declaration_is_complete(change):
    assert change.summary.endswith(".")
    assert all(map(_ID.fullmatch, change.requirements))
    assert all(scenario_of(name) for name in change.first)
    if isinstance(change, Fault):
        assert _REFERENCE.fullmatch(change.reference)
        assert change.reported.endswith(".")
        assert change.requirements
    else:
        assert change.permitted.startswith("RFC ")
        assert change.first or change.requirements


def test_no_two_faults_report_the_same():
    reported = [(fault.reference, fault.requirements) for fault in FAULTS]
    assert len(set(reported)) == len(reported)
    assert len({fault.reported for fault in FAULTS}) == len(FAULTS)


def test_each_is_found_without_importing_all(tmp_path):
    code = (
        "from foreign.faults import find; from foreign.change import DECLARED; find(%r); print(len(DECLARED))"
    )
    command = [sys.executable, "-W", "error", "-c", code % ALL[-1].name]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) < len(DECLARED)
    with pytest.raises(LookupError, match=ALL[0].name):
        find("nobody_declares_this")


_EACH = """
import os, sys
from foreign.faults import find_all
from foreign.marker import note_what_is_tried
for change in find_all():
    if not os.fork():
        try:
            change.mutate()
            note_what_is_tried()
        except BaseException as error:
            print(change.name, repr(error))
        sys.stdout.flush()
        os._exit(0)
    os.wait()
"""


def test_each_can_be_put_into_the_relay_as_it_is(tmp_path):
    there = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-c", _EACH]
    done = subprocess.run(command, cwd=tmp_path, env=there, capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_the_page_is_up_to_date():
    text = (TESTS.parent / "docs" / "foreign-faults.md").read_text(encoding="utf-8")
    assert text == page(ALL), "write it again: python -m foreign --page"


@pytest.mark.staged
def test_a_fault_is_caught_and_an_oddity_is_not_accused_from_end_to_end(tmp_path):
    chosen = [find("mx_timed_out_is_no_mx"), find("says_quit_and_does_not_wait")]
    caught, innocent = Bench(tmp_path).run(chosen, 2)
    assert caught.fate is Fate.CAUGHT
    assert innocent.fate is Fate.INNOCENT
    again = [outcome.fate for outcome in Bench(tmp_path).run(chosen, 2)]
    assert again == [Fate.CAUGHT, Fate.INNOCENT]
    assert {file.suffix for file in Path(tmp_path).iterdir()} == {".json"}
