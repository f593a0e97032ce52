"""From evidence to verdict: what must be in order before an aspect is asked, and what its findings amount to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from conformance.catalogue.course import Course
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import Profile
from conformance.catalogue.requirements import Requirement, catalogue
from conformance.catalogue.scenario import Scenario, unsuitable
from conformance.evidence.record import Fault, Record, Trouble
from conformance.evidence.view import Evidence, view_of
from conformance.judging import control_proofs
from conformance.judging.aspect import Aspect, AspectError, Criterion, aspect_of, named, owner_of
from conformance.judging.case import Case, case_of
from conformance.judging.fate import Fate, why_not
from conformance.judging.offers import asked_for_no_offer, by_chunks, is_brought_by_ehlo
from conformance.judging.relied_on import capabilities_for, relied_on
from conformance.judging.survival import why_unjudged
from conformance.judging.verdict import (
    Broken,
    Finding,
    Inconclusive,
    Judgement,
    Left,
    NotApplicable,
    Verdict,
    weightiest,
)
from fake_servers.events import FakeBroke, FakeExcess

RED = (Verdict.FAIL, Verdict.DEVIATION)

# Kinds of which a relay need not take the message.
_MAY_BE_REFUSED = (Kind.CONTENT, Kind.REPORTED)

# Stands for a verdict that is being made.
_IN_HAND = object()

# Which aspect is about a fate that is nobody's fault by itself.
_ABOUT = {Fate.UNENDED: "times_out"}


class Test(Protocol):
    """What is judged, by the names that it has for whoever runs the suite: one aspect of one scenario."""

    @property
    def name(self) -> str:
        """The name within its file, `test_retried[connection_refused]`."""

    @property
    def nodeid(self) -> str:
        """The same with the file, as it is pasted back into a command line."""

    @property
    def aspect(self) -> Aspect:
        """The aspect."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdict on one aspect of one scenario.

    Attributes:
        verdict: The verdict.
        requirement: The catalogue row that decided, or that would have been judged.
        level: The level that counted.
        findings: Everything that was compared; empty if nothing could be.
        reason: Why nothing could be compared.
        because: The test that is red for what left nothing to be judged here; empty: there is none.
        fault: Whose fault an error is.
        evidence: The scenario's evidence, if it was staged.
        doubted: What was too late on a machine that was crowded in every staging, where the verdict is inconclusive
            for that.
    """

    verdict: Verdict
    requirement: Requirement
    level: str
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    because: str = ""
    fault: Fault | None = None
    evidence: Evidence | None = None
    doubted: tuple[Finding, ...] = ()

    @property
    def only_late(self) -> bool:
        """Whether all that is wrong is that something came too late."""
        wrong = [finding for finding in self.findings if finding.verdict is not Verdict.PASS]
        return bool(wrong) and all(finding.only_late for finding in wrong)

    @property
    def conclusive(self) -> bool:
        """Whether something wrong was seen that no other staging takes back."""
        return any(finding.conclusive and finding.verdict is not Verdict.PASS for finding in self.findings)

    @property
    def expected(self) -> str:
        """What was asked, by the finding that decided."""
        return weightiest(self.findings).expected if self.findings else self.requirement.text

    @property
    def observed(self) -> str:
        """What was seen, by the finding that decided, or why nothing was."""
        return weightiest(self.findings).observed if self.findings else self.reason


def judge(
    criterion: Criterion, scenario: Scenario, record: Record, profile: Profile, *, alone: bool = False
) -> Judged:
    """Judge one aspect of one scenario; what was judged once is not judged again.

    Args:
        criterion: What is asked.
        scenario: Of what.
        record: What was seen.
        profile: What is accepted.
        alone: Whether nothing is left to another aspect that is about it.
    """
    key = _key(criterion, scenario, profile, alone)
    if key not in record.views:
        record.views[key] = _IN_HAND
        try:
            record.views[key] = _judge(criterion, scenario, record, profile, alone)
        finally:
            if record.views[key] is _IN_HAND:
                del record.views[key]
    judged: Judged = record.views[key]
    return judged


def _key(criterion: Criterion, scenario: Scenario, profile: Profile, alone: bool) -> str:
    return f"{criterion.name} of {scenario.id} under {profile.name} of {profile.catalogue}{', alone' if alone else ''}"


def _judge(criterion: Criterion, scenario: Scenario, record: Record, profile: Profile, alone: bool) -> Judged:
    main = criterion.main_requirement(scenario.failure_mode, profile)
    staged = record.staged.get(scenario.id)
    evidence = view_of(record, staged) if staged else None
    try:
        case = replace(_ready(criterion, scenario, record, profile, evidence), alone=alone)
        _must_speak_of(criterion, case, scenario)
        found = (each for each in criterion.judge(case) if profile.asks(each.slot))
        findings = tuple(each for each in found if profile.counts(each.requirement))
        if not findings:
            raise NotApplicable("there was nothing to compare")
    except Judgement as judgement:
        if isinstance(judgement, Left) and not judgement.see:
            judgement.see = _owner_by_declaration(criterion, case)
        pointed, because = _pointed_at(judgement, criterion, scenario, record, profile, alone)
        if isinstance(judgement, Left) and not because and not alone:
            return judge(criterion, scenario, record, profile, alone=True)
        fault = judgement.fault if isinstance(judgement, Broken) else None
        return Judged(
            verdict=Verdict.NOT_APPLICABLE if because else judgement.verdict,
            requirement=main,
            level=main.level,
            reason=f"{judgement}{pointed}",
            because=because,
            fault=fault,
            evidence=evidence,
        )
    decisive = weightiest(findings)
    broken = _what_broke(record)
    if decisive.verdict is not Verdict.PASS and broken is not None:
        # what is missing from the record of a wave that broke is nobody's failure
        return Judged(
            verdict=Verdict.ERROR,
            requirement=main,
            level=main.level,
            reason=broken.message,
            fault=broken.fault,
            evidence=evidence,
        )
    return Judged(
        verdict=decisive.verdict,
        requirement=catalogue()[decisive.requirement],
        level=decisive.level,
        findings=findings,
        evidence=evidence,
    )


def _owner_by_declaration(criterion: Criterion, case: Case) -> str:
    """Return the aspect that is about a fate of which this one speaks under a condition only.

    Raises:
        AspectError: It does not declare that.
    """
    owner = owner_of(Course(case.evidence.staged.course), case.fate)
    if case.fate not in criterion.partly or owner is None:
        raise AspectError(
            f"the aspect {criterion.name} does not declare that it leaves {case.fate} to another"
        )
    return owner.name


def _pointed_at(
    judgement: Judgement,
    criterion: Criterion,
    scenario: Scenario,
    record: Record,
    profile: Profile,
    alone: bool,
) -> tuple[str, str]:
    """Return how a reader is sent to the aspect that is about it, and its test if that is red; both may be empty.

    Whoever is asked while its own verdict is being made is not red: of two that leave it to each other one judges it.
    """
    other = named(judgement.see) if judgement.see else None
    mode, course = scenario.failure_mode, scenario.course
    if other is None or other is criterion or not other.reads(mode, course) or not other.is_asked_by(profile):
        return "", ""
    in_hand = record.views.get(_key(other, scenario, profile, alone=False)) is _IN_HAND
    theirs = None if alone or in_hand else judge(other, scenario, record, profile)
    if theirs is not None and theirs.because:  # which leaves it to another one itself
        last = aspect_of(theirs.because)
        return f" (see {last.name if last else other.name})", theirs.because
    is_red = theirs is not None and theirs.verdict in RED
    return f" (see {other.name})", other.test_name(scenario) if is_red else ""


def _ready(
    criterion: Criterion, scenario: Scenario, record: Record, profile: Profile, evidence: Evidence | None
) -> Case:
    """Return the case if there is something to judge.

    Raises:
        Judgement: There is not, and why.
    """
    mode, header = scenario.failure_mode, record.header
    if not criterion.is_asked_by(profile):
        raise NotApplicable(f"the profile {profile.name} does not ask for it")
    impossible = unsuitable(scenario, capabilities_for(scenario, record), header.lab, profile.catalogue)
    if impossible:
        raise NotApplicable(impossible)
    if evidence is not None and evidence.staged.not_played:
        raise NotApplicable(evidence.staged.not_played)
    gone = evidence.stopped if evidence else None
    if evidence is not None and gone is not None:
        if not criterion.outlives_relay:
            raise why_unjudged(gone)
        return case_of(scenario, evidence, profile, criterion.requirements)
    _nothing_broke(record, evidence)
    if record.lacks(scenario.id):
        raise Inconclusive("the record ends before this scenario's window was closed")
    if evidence is None:
        raise Broken(Fault.HARNESS, f"the wave did not stage {scenario.id}")
    case = case_of(scenario, evidence, profile, criterion.requirements)
    if evidence.staged.submitted is None and not (criterion.of_refusals and evidence.staged.refusal):
        raise _not_accepted(case)
    if not mode.is_control:
        if not criterion.by_itself:
            _controls_passed(scenario, record, profile)
        # where nothing is wrong with the server there is nothing to be met
        if mode.kind is not Kind.CONTENT and not case.attempts:
            if mode.avoidable_because and evidence.messages:
                raise NotApplicable(f"delivered, and what is wrong was not met: {mode.avoidable_because}")
            if (
                mode.kind is Kind.SCHEDULE
                and mode.message.special
                and evidence.ndrs
                and not evidence.messages
            ):
                raise NotApplicable(
                    "returned, and what is wrong was not met: the message is not an ordinary one"
                )
            if mode.steps and by_chunks(evidence, mode.steps[0]):
                raise NotApplicable("delivered, and what is wrong was not met: the relay sends chunks (BDAT)")
            if asked_for_no_offer(evidence) and is_brought_by_ehlo(mode):
                raise NotApplicable("the relay says HELO and never EHLO, to which alone this is a reply")
            raise Inconclusive(
                f"the failure was not provoked; proof would have been: {mode.witness.sentence}"
            )
    if evidence.harness_was_late:
        raise Inconclusive(
            f"the suite itself was {evidence.lateness.lag:.2f} s late (allowed: {evidence.lateness.allowed:.2f} s)"
            + (", also with the window doubled" if evidence.staged.stretched else "")
        )
    return case


def _not_accepted(case: Case) -> Judgement:
    """Return why there is nothing to judge where the relay did not accept the message.

    An ordinary one must be taken, for else nothing can be judged. What is special a relay may refuse to take, unless
    RFC 5321 section 4.5.3.1 has it take that, which is another aspect's business; and what is for a domain that no
    connector names.
    """
    staged = case.evidence.staged
    said = staged.refusal or "nothing was submitted"
    unnamed = case.mode.mx is not None and case.mode.mx.unnamed
    may_be_refused = case.mode.kind in _MAY_BE_REFUSED or case.mode.message.special is not None or unnamed
    if may_be_refused and staged.refusal and not staged.unanswered:
        return NotApplicable(f"the relay does not take such a message: {said}")
    for_now = " for now" if staged.refused_for_now else ""
    return Broken(Fault.TARGET, f"the relay did not accept the message{for_now}: {said}")


def _must_speak_of(criterion: Criterion, case: Case, scenario: Scenario) -> None:
    """Leave nothing to judge if a need is not met, or the message had a fate of which the aspect does not speak.

    A fate that is a relay's fault leaves nothing to judge if the aspect that is about it fails; else it excuses none.

    Raises:
        NotApplicable: Says which; `Left` where it is a relay's fault.
    """
    for need in criterion.needs:
        if reason := need(case):
            raise NotApplicable(reason)
    course = Course(case.evidence.staged.course)
    fates = criterion.fates.get(course)
    if fates is None or case.fate in fates:
        return
    owner, reason = owner_of(course, case.fate), why_not(case.fate, case.profile)
    if owner is None:
        raise NotApplicable(reason, see=_ABOUT.get(case.fate, ""))
    if not case.alone and owner.reads(scenario.failure_mode, course):
        raise Left(reason, see=owner.name)


def _what_broke(record: Record) -> Trouble | None:
    """Return what broke the whole wave, the first of it."""
    return next((trouble for trouble in record.troubles if not trouble.scenario), None)


def _nothing_broke(record: Record, evidence: Evidence | None) -> None:
    troubles = evidence.troubles if evidence else tuple(t for t in record.troubles if not t.scenario)
    closed = evidence.staged.closed if evidence else None
    for trouble in troubles:
        # what broke the wave, or this scenario's own relay, once the window was closed takes nothing back
        if closed is None or (trouble.scenario and trouble.at <= closed):
            raise Broken(trouble.fault, trouble.message)
    if evidence is None:
        return
    for excess in evidence.of(FakeExcess):
        raise Broken(
            Fault.TARGET,
            f"the relay went beyond what a server bears: {excess.server} had more than "
            f"{excess.most} {excess.what}, and did not serve the rest",
        )
    if evidence.unanswered:
        raise Broken(
            Fault.TARGET,
            "the relay went beyond what a name server bears: questions had no answer, whoever's they were, "
            "while this scenario's window was open",
        )
    for event in evidence.of(FakeBroke):
        raise Broken(Fault.HARNESS, f"a fake server broke: {event.error}")
    if closed is None:
        raise Broken(Fault.HARNESS, "the wave ended before this scenario's window did")


def _controls_passed(scenario: Scenario, record: Record, profile: Profile) -> None:
    """Go on only if the controls that a scenario relies on arrived.

    Raises:
        Broken: The wave broke before it was known whether one does.
        NotApplicable: Nothing arrived, and nothing obliges a relay to be able to deliver it: that is judged there.
        Inconclusive: One did not.
    """
    for control in relied_on(scenario, record):
        criterion = control_proofs.CLOCK if control.course is Course.AFTER_JUMP else control_proofs.ARRIVAL
        judged = judge(criterion, control, record, profile)
        if judged.findings and judged.findings[0].holds:
            continue  # it arrived; what was altered on the way is judged where it belongs
        if judged.fault is not None and (broken := _what_broke(record)):
            raise Broken(broken.fault, broken.message)  # the wave, before this control's window was closed
        name = control.failure_mode.name
        arrived = judged.evidence is not None and judged.evidence.messages
        if judged.verdict is Verdict.DEVIATION and not arrived:
            raise NotApplicable(
                f"its repair brings what this relay did not deliver to and need not be able to: see {name} "
                f"({judged.requirement.id})"
            )
        raise Inconclusive(
            f"the positive control {name} did not pass, so this failure proves nothing: {judged.observed}"
        )
