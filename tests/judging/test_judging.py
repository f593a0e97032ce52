"""What must be in order before an aspect is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stories.days import expired
from stories.staging import header, scenario_of, staged
from stories.story import ASPECT, Story, good, good_control, stamped
from stories.wire import RESOLVER

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.catalogue.requirements import Level
from conformance.catalogue.scenario import Course, controls_of, unsuitable
from conformance.evidence.record import Fault, Trouble
from conformance.judging import control_proofs
from conformance.judging.aspect import Case, Criterion, aspect
from conformance.judging.judge import Judged, judge
from conformance.judging.verdict import Finding, Verdict
from conformance.target import Capability
from fake_servers.events import FakeBroke


def _judged(story: Story, **record: bool) -> Judged:
    return story.judge("recovers", record=story.record(**record))


@pytest.mark.parametrize(
    ("mode", "lacking"),
    [
        ("connection_refused", Capability.SMART_HOST),
        ("tls_not_offered", Capability.TLS_REQUIRED),
        ("certificate_expired", Capability.TLS_VERIFIED),
        ("verified_tls", Capability.TLS_VERIFIED),
    ],
)
def test_a_missing_capability_is_not_applicable_and_named(mode: str, lacking: Capability) -> None:
    story = good(mode)
    story.header = header(without=[lacking, Capability.MX])  # which would stand in for smart hosts
    story.troubles.append(Trouble(at=1.0, fault=Fault.TARGET, message="broke"))
    aspect = "delivered" if ALL[mode].is_control else "recovers"
    judged = story.judge(aspect)
    assert judged.verdict is Verdict.NOT_APPLICABLE
    assert lacking in judged.observed
    assert judged.findings == ()


def test_capabilities_that_are_not_needed_may_be_missing() -> None:
    assert unsuitable(scenario_of("plain"), frozenset({Capability.SMART_HOST}), "loopback") == ""


@pytest.mark.parametrize(
    ("course", "needed"),
    [
        (Course.DAY, set()),
        (Course.EXPIRES, {Capability.CLOCK}),
        (Course.HEALED_1H, {Capability.CLOCK}),
        (Course.RESTARTED, {Capability.CLOCK, Capability.RESTART}),
        (Course.NULL_SENDER, {Capability.CLOCK}),
        (Course.NOTIFY_NEVER, {Capability.CLOCK, Capability.SUBMISSION_DSN}),
        (Course.NOTIFY_DELAY, {Capability.CLOCK, Capability.SUBMISSION_DSN}),
    ],
)
def test_a_course_has_needs_of_its_own(course: Course, needed: set[Capability]) -> None:
    scenario = scenario_of("connection_refused", course)
    assert scenario.needs == {Capability.SMART_HOST, *needed}
    assert all(word in unsuitable(scenario, frozenset(), "loopback") for word in scenario.needs)
    assert unsuitable(scenario, scenario.needs, "loopback") == ""


@pytest.mark.parametrize(
    ("course", "controls"),
    [
        (Course.HEALED, ["plain.healthy"]),
        (Course.DAY, ["plain.healthy"]),
        (Course.EXPIRES, ["plain.healthy", "moved_clock.after_jump"]),
        (Course.RESTARTED, ["plain.healthy", "moved_clock.after_jump"]),
    ],
)
def test_a_moved_clock_is_a_control_more(course: Course, controls: list[str]) -> None:
    assert [c.id for c in controls_of(scenario_of("connection_refused", course))] == controls


def test_a_clock_that_stood_still_proves_nothing() -> None:
    story = expired("connection_refused")
    still = Story("moved_clock", number=80)
    still.delivers(1.5, content=stamped(still, hours=0.01))
    judged = story.judge("expires", record=story.record(still, good_control("plain"), control=False))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "moved_clock did not pass" in judged.observed


def test_a_scenario_that_was_not_staged_is_our_fault() -> None:
    record = good_control("plain").record()
    judged = good("connection_refused").judge("recovers", record=record)
    assert (judged.verdict, judged.fault, judged.evidence) == (Verdict.ERROR, Fault.HARNESS, None)


@pytest.mark.parametrize("fault", list(Fault))
def test_trouble_of_the_scenario_is_an_error_with_its_fault(fault: Fault) -> None:
    story = good("connection_refused")
    story.troubles.append(Trouble(at=1.0, fault=fault, message="it broke", scenario=story.staged.scenario))
    judged = _judged(story)
    assert (judged.verdict, judged.fault, judged.observed) == (Verdict.ERROR, fault, "it broke")


def test_trouble_of_the_wave_concerns_only_windows_that_did_not_close() -> None:
    story = good("connection_refused")
    story.troubles.append(Trouble(at=99.0, fault=Fault.TARGET, message="it died"))
    assert _judged(story).verdict is Verdict.PASS
    judged = _judged(story.change(closed=None))
    assert (judged.verdict, judged.fault, judged.observed) == (Verdict.ERROR, Fault.TARGET, "it died")


def test_a_relay_that_cannot_be_stopped_takes_no_verdict_back() -> None:
    story = good("connection_refused")
    trouble = Trouble(at=99.0, fault=Fault.TARGET, message="it lingers", scenario=story.staged.scenario)
    story.troubles.append(trouble)
    assert _judged(story).verdict is Verdict.PASS


def test_trouble_of_the_wave_explains_what_was_not_staged() -> None:
    control = good_control("plain")
    control.troubles.append(Trouble(at=0.0, fault=Fault.ADAPTER, message="no start"))
    judged = good("connection_refused").judge("recovers", record=control.record())
    assert (judged.verdict, judged.fault) == (Verdict.ERROR, Fault.ADAPTER)


def test_a_window_that_did_not_close_without_trouble_is_our_fault() -> None:
    judged = _judged(good("connection_refused").change(closed=None))
    assert (judged.verdict, judged.fault) == (Verdict.ERROR, Fault.HARNESS)


@pytest.mark.parametrize("server", ["own", RESOLVER, ""])
def test_a_fake_that_broke_is_our_fault(server: str) -> None:
    story = good("close_at_dot")
    where = story.site().server if server == "own" else server
    judged = _judged(story.note(FakeBroke(at=1.0, server=where, error="oops")))
    assert (judged.verdict, judged.fault) == (Verdict.ERROR, Fault.HARNESS)
    assert "oops" in judged.observed


def test_a_refused_submission_is_the_relays_fault() -> None:
    judged = _judged(good("connection_refused").change(submitted=None, refusal="554 no"))
    assert (judged.verdict, judged.fault) == (Verdict.ERROR, Fault.TARGET)
    assert "554 no" in judged.observed


def test_a_control_that_did_not_pass_leaves_its_dependants_inconclusive() -> None:
    story = good("connection_refused")
    bad = Story("plain", number=90).look(2.0)
    judged = story.judge("recovers", record=story.record(bad, control=False))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "positive control plain did not pass" in judged.observed
    assert "nothing arrived" in judged.observed


@pytest.mark.parametrize(
    "criterion", [control_proofs.ARRIVAL, control_proofs.CLOCK], ids=lambda each: each.name
)
def test_what_a_control_proves_is_what_its_aspect_shows(criterion: Criterion) -> None:
    shown = ASPECT[criterion.name].requirements
    assert list(shown.items())[: len(criterion.requirements)] == list(criterion.requirements.items())
    # and what does not speak against those that rely on it
    assert set(shown) - set(criterion.requirements) <= {"delivered.leaves"}


def test_a_control_that_arrived_altered_damns_nothing_else() -> None:
    story = good("connection_refused")
    bad = Story("plain", number=2).delivers(1.5, content=b"A: 1\r\n\r\nother")
    assert bad.verdict("delivered") is Verdict.FAIL
    assert story.judge("recovers", record=story.record(bad, control=False)).verdict is Verdict.PASS


def test_a_control_that_is_missing_leaves_its_dependants_inconclusive() -> None:
    judged = _judged(good("connection_refused"), control=False)
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "did not stage plain.healthy" in judged.observed


def test_the_control_of_tls_is_a_tls_control() -> None:
    story = good("certificate_expired")
    judged = story.judge("recovers", record=story.record(good_control("plain"), control=False))
    assert "verified_tls" in judged.observed


def test_a_failure_that_was_not_provoked_is_inconclusive_and_says_what_proof_would_be() -> None:
    judged = _judged(Story("connection_refused").says(2.0, Story("connection_refused").error()).delivers(8.0))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert ALL["connection_refused"].witness.sentence in judged.observed


def test_a_late_wave_is_inconclusive() -> None:
    judged = _judged(good("connection_refused").change(lag=1.5))
    assert judged.verdict is Verdict.INCONCLUSIVE
    assert "1.50 s late" in judged.observed
    again = _judged(good("connection_refused").change(lag=1.5, stretched=True))
    assert "also with the window doubled" in again.observed


def test_a_late_control_is_inconclusive() -> None:
    assert good_control("plain").change(lag=1.5).verdict("delivered") is Verdict.INCONCLUSIVE


def test_without_findings_there_was_nothing_to_judge() -> None:
    @aspect(Course.HEALED, requirements={"delivered": "queue/recovers"})
    def test_recovers(case: Case) -> list[Finding]:
        return []

    record = good("connection_refused").record()
    judged = judge(test_recovers, scenario_of("connection_refused"), record, load("eop"))
    assert judged.verdict is Verdict.NOT_APPLICABLE


def test_what_the_profile_does_not_ask_is_dropped() -> None:
    @aspect(Course.HEALED, requirements={"delivered": "queue/recovers", "kept": "queue/kept"})
    def test_recovers(case: Case) -> list[Finding]:
        return [
            case.finding(f"recovers.{slot}", holds=False, expected="", observed=slot)
            for slot in ("delivered", "kept")
        ]

    def judged(*unasked: str) -> Judged:
        silent = replace(load("eop"), slots=dict.fromkeys(unasked))
        record = good("connection_refused").record()
        return judge(test_recovers, scenario_of("connection_refused"), record, silent)

    assert [finding.observed for finding in judged("recovers.delivered").findings] == ["kept"]
    nothing = judged("recovers.delivered", "recovers.kept")
    assert (nothing.verdict, nothing.reason) == (
        Verdict.NOT_APPLICABLE,
        "the profile eop does not ask for it",
    )


def test_the_finding_that_decides_gives_requirement_level_and_words() -> None:
    judged = good("connection_refused").says(7.0, "450 4.4.1 x [mx]").judge("error_code", "rfc")
    assert judged.verdict is Verdict.PASS
    story = good("connection_refused").says(7.0, "no words of the cause")
    judged = story.judge("destination_server", "rfc")
    assert (judged.verdict, judged.level) == (Verdict.DEVIATION, Level.HYGIENE)
    assert judged.requirement.id == "rfc/remote-host"
    assert (judged.expected, judged.observed) == (judged.findings[0].expected, judged.findings[0].observed)


@pytest.mark.parametrize("profile", ["eop", "eop-observed", "rfc"])
@pytest.mark.parametrize("name", list(ASPECT))
def test_every_aspect_knows_its_main_requirement(name: str, profile: str) -> None:
    for scenario in ASPECT[name].scenarios():
        assert ASPECT[name].main_requirement(scenario.failure_mode, load(profile)).id
        assert staged(scenario.failure_mode.name, course=scenario.course).scenario == scenario.id
