"""A case: one aspect of one scenario, with all that its function needs in order to compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from conformance.catalogue.by_mx import by_mx
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.profile import Check, Profile
from conformance.catalogue.requirements import Requirement
from conformance.catalogue.scenario import Scenario
from conformance.evidence import codes
from conformance.evidence.codes import Codes
from conformance.evidence.errors_seen import ErrorSeen
from conformance.evidence.view import Evidence
from conformance.judging.code_check import judged_by
from conformance.judging.content import REVERSE_PATH, changes, may_hide_the_sender
from conformance.judging.fate import Fate, fate_of, outcome_of, why_not
from conformance.judging.habits import unaccustomed
from conformance.judging.held import may_be_unnoticed
from conformance.judging.one_route import attempts_on_message
from conformance.judging.verdict import Finding, Inconclusive, Left
from conformance.target import Outcome
from conformance.witness.attempts import Attempt
from fake_servers.events import SmtpMessage


@dataclass(frozen=True)
class Case:
    """One aspect of one scenario, ready to be judged.

    Attributes:
        mode: The failure mode.
        evidence: What happened.
        profile: What is accepted.
        requirements: The catalogue ids that the aspect itself names, by `aspect.slot`.
        alone: Whether nothing is left to another aspect that is about it.
    """

    mode: FailureMode
    evidence: Evidence
    profile: Profile
    requirements: Mapping[str, str]
    alone: bool = False

    @cached_property
    def attempts(self) -> list[Attempt]:
        """The attempts that met the fault, or reached the healthy server of a control."""
        return [attempt for attempt in self.all_attempts if attempt.met]

    @cached_property
    def all_attempts(self) -> list[Attempt]:
        """All attempts at the message, those too that met nothing: their look-up failed, or the fault was over."""
        every = self.mode.witness.all_attempts(self.evidence, connections=self.mode.attempt.connections)
        return attempts_on_message(self.mode, self.evidence, every)

    @cached_property
    def errors(self) -> tuple[ErrorSeen, ...]:
        """The errors the relay showed for this message, of attempts that met the fault."""
        return self._of_the_fault(self.evidence.errors)

    @property
    def last_errors(self) -> list[ErrorSeen]:
        """The last of `errors`, and of what was shown elsewhere: a log may have the first line of what a queue has."""
        sources = map(self._of_the_fault, (self.errors, *self.evidence.errors_in_relay))
        return [source[-1] for source in sources if source]

    @cached_property
    def coded(self) -> tuple[ErrorSeen, ...]:
        """The same from the best source that shows a code (`Evidence.coded`)."""
        return self._of_the_fault(self.evidence.coded(self.codes_of))

    def codes_of(self, error: ErrorSeen) -> Codes:
        """Return the codes of an error that are judged (`code_check.py`)."""
        return judged_by(error, self.checks(error), self.replied)

    def checks(self, error: ErrorSeen) -> list[Check]:
        """Return what the profile asks of the code of an error: of one that deferred, or of one that gave up.

        Each is judged as what it was where either is accepted.
        """
        ended = Outcome.PERMANENT if error.permanent else Outcome.DEFERRED
        accepted = (self.profile.accepted(self.mode, each) for each in (ended, self.outcome))
        return next((each.checks for each in accepted if each is not None), [])

    @property
    def replied(self) -> Codes:
        """The codes that the remote server itself said, where that is the error."""
        reply = self.mode.refusal.reply
        return codes.read_reply(reply.code, reply.lines) if reply else codes.read("")

    def _of_the_fault(self, errors: tuple[ErrorSeen, ...]) -> tuple[ErrorSeen, ...]:
        """Leave out what was shown when an attempt had gone on after the repair, or had failed without a fault.

        What such a one meets nobody knows: both sides, or a trouble of the relay's own. If nothing was shown before
        that, all is taken for what it says of the fault.
        """
        repaired = self.evidence.staged.repaired
        if repaired is None:
            return errors
        delivered = {message.connection for message in self.evidence.messages}
        doubtful = (
            max(attempt.at, repaired)
            for attempt in self.all_attempts
            if attempt.goes_on_after(repaired)
            or (attempt.at >= repaired and not attempt.met and not attempt.connections & delivered)
        )
        since = min(doubtful, default=math.inf)
        return tuple(error for error in errors if error.at < since) or errors

    @cached_property
    def outcome(self) -> Outcome:
        """What became of the message while the fault lasted, in the words of the profile's rows."""
        return outcome_of(self.evidence)

    @cached_property
    def fate(self) -> Fate:
        """What became of the message; only of modes for which the profile has a row."""
        return fate_of(self.mode, self.evidence, self.profile)

    def leave(self, *, besides: str = "") -> None:
        """Leave what became of the message to the aspect that is about it; declared as `partly`.

        Args:
            besides: What is said before the reason.

        Raises:
            Left: Says what it was; not if this one is judged alone.
        """
        if not self.alone:
            raise Left(f"{besides}{why_not(self.fate, self.profile)}")

    def must_not_have_vanished(self) -> None:
        """Have nothing to say of an error where the message vanished before any was shown.

        Raises:
            Left: So it is.
        """
        if self.fate is Fate.VANISHED:
            self.leave(besides="no error was shown, and ")
        self.must_be_over()

    def must_be_over(self) -> None:
        """Have nothing to say of what did not follow an attempt that may go on for the relay (`held.py`).

        Raises:
            Inconclusive: So it is.
        """
        granted, tried = self.evidence.staged.granted, self.all_attempts
        wait = granted.max_retry_interval + granted.granularity
        if tried and (reason := may_be_unnoticed(self.evidence, tried[-1], wait)):
            raise Inconclusive(reason)

    def must_show_an_error(self, *, see: str) -> None:
        """Leave it to another aspect that no error is shown at all.

        Args:
            see: That aspect.

        Raises:
            Left: None is; not if this one is judged alone.
        """
        if self.errors:
            return
        self.must_not_have_vanished()
        if not self.alone:
            raise Left("no error was shown", see=see)

    def accepts(self, outcome: Outcome) -> bool:
        """Tell whether the profile accepts an outcome here."""
        return self.profile.accepts(self.mode, outcome)

    def requirement(self, slot: str) -> Requirement:
        """Return the catalogue row behind `aspect.slot`."""
        return self.profile.requirement(slot, self.mode, self.requirements[slot])

    def taken(self, slot: str) -> Finding:
        """Compare: the message was accepted when it was handed over; for aspects that speak of refusals as well."""
        staged = self.evidence.staged
        return self.finding(
            slot,
            holds=staged.submitted is not None,
            expected="the relay takes the message",
            observed="it does" if staged.submitted is not None else f"it does not: {staged.refusal}",
            conclusive=not staged.unanswered and not staged.refusal.startswith("4"),
        )

    def intact(self, slot: str) -> list[Finding]:
        """Compare every copy that arrived with what was submitted, envelope and content; nothing if none did."""
        copies = self.evidence.messages
        found = self.damage(copies)
        expected = "envelope and content intact"
        finding = self.finding(
            slot, holds=not found, expected=expected, observed=found or expected, conclusive=True
        )
        return [finding] if copies else []

    def damage(self, copies: Iterable[SmtpMessage]) -> str:
        """Say what was altered of a message on its way, if that is said of this scenario; empty if nothing was."""
        staged = self.evidence.staged
        for copy in copies:
            for change in unaccustomed(changes(staged, copy), self.mode, self.evidence.record):
                if change.sort != REVERSE_PATH or not self._may_hide_the_sender(copy):
                    return change.text
        return ""

    def _may_hide_the_sender(self, copy: SmtpMessage) -> bool:
        greetings = self.evidence.connection_of(copy).greetings
        return may_hide_the_sender(self.mode, copy, greetings)

    def finding(
        self,
        slot: str,
        *,
        holds: bool,
        expected: str,
        observed: str,
        only_late: bool = False,
        conclusive: bool = False,
    ) -> Finding:
        """Return a finding against the catalogue row behind `aspect.slot`."""
        row = self.requirement(slot)
        return Finding(
            requirement=row.id,
            level=row.level,
            holds=holds,
            expected=expected,
            observed=observed,
            only_late=only_late and not holds,
            conclusive=conclusive and not holds,
            slot=slot,
        )


def case_of(
    scenario: Scenario, evidence: Evidence, profile: Profile, requirements: Mapping[str, str]
) -> Case:
    """Return the case of a scenario, whose failure mode is as it was staged."""
    mode = scenario.failure_mode
    staged = by_mx(mode, scenario.course) if evidence.staged.by_mx else mode
    return Case(staged, evidence, profile, requirements)
