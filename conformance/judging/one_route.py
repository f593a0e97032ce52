"""What has to be read otherwise where a relay has one route for all mail, so that its reports meet the fault as well.

How the wave lets them pass: `conformance/wave/way_back.py`. Three things follow for whoever reads the evidence.

*When a message was given up* is not when its report came: that had to wait until somebody healed the destination for
it. The queue tells: it lay between the last listing with the message and the first without it. Only a message of which
no copy arrived was given up.

*What looks like another attempt may be the report's.* Whose mail it is shows from MAIL on. What failed before, at a
time at which the message may have been given up already, is held against nobody, but for the first attempt, and
the first that met the fault, which are the message's. Once the destination is healed for reports every connection gets
as far as MAIL, and who offers the message again meets a fault there: that is another attempt, whatever the failure
mode's own witness looks at.

*That no report came* shows something only if one could have come, see `final_report.py`.
"""

from __future__ import annotations

import math

from conformance.catalogue.course import TRAITS, Course
from conformance.catalogue.failure_mode import FailureMode
from conformance.evidence.view import Evidence
from conformance.judging.ages import first_hour_over, may_end_from
from conformance.witness.attempts import Attempt
from conformance.witness.contact import Contact


def holds_up_reports(mode: FailureMode, evidence: Evidence) -> bool:
    """Tell whether reports had no other way than one that was broken for them, too."""
    return evidence.has_one_route and mode.holds_up_reports


def left_queue(evidence: Evidence) -> tuple[float, float] | None:
    """Return since when and by when the message had left the queue undelivered; None: it is not known to have.

    Asked of a relay with one route only: others show by their report when they gave up. What was still listed after the
    repair was not given up for the fault.
    """
    staged = evidence.staged
    if not evidence.has_one_route:
        return None
    queue = evidence.queue
    if not queue.proves_gone or any(message.is_for(staged.recipient) for message in evidence.messages):
        return None
    listed = [each.asked for each in queue.listings if each.messages]
    since = max(listed, default=staged.submitted or 0.0)
    if staged.repaired is not None and since > staged.repaired:
        return None
    by = next((each.at for each in queue.telling if not each.messages and each.asked > since), None)
    return None if by is None else (since, by)


def given_up_by(evidence: Evidence) -> float | None:
    """Return by when the message had been given up, on the journal's clock; None if it never was.

    Its report tells. Where that had no other way than the broken one, the queue tells before.
    """
    gone = left_queue(evidence)
    return min([*(message.at for message, _ in evidence.ndrs), *(gone[1:] if gone else ())], default=None)


def attempts_on_message(mode: FailureMode, evidence: Evidence, attempts: list[Attempt]) -> list[Attempt]:
    """Return those of some attempts that were not a report's, and besides those that met the healed destination."""
    if not holds_up_reports(mode, evidence):
        return attempts
    healed = evidence.staged.reports_pass
    gone = left_queue(evidence)
    since = _may_have_been_given_up(evidence, gone) if gone else math.inf
    first = [*attempts[:1], *[attempt for attempt in attempts if attempt.met][:1]]
    own = [
        attempt
        for attempt in attempts
        if (healed is None or attempt.at < healed)
        and (attempt in first or not _may_be_a_report(attempt, evidence, since))
    ]
    return own if healed is None else [*own, *_again(evidence, healed)]


def _may_have_been_given_up(evidence: Evidence, gone: tuple[float, float]) -> float:
    """Return from when on an attempt may have been a report's: not before the message's time was up, or at once."""
    since, by = gone
    return since if by < first_hour_over(evidence) else max(since, may_end_from(evidence))


def _may_be_a_report(attempt: Attempt, evidence: Evidence, since: float) -> bool:
    """Tell whether an attempt may have been one at a report, by what it said or, if it said nothing, by its time."""
    if TRAITS[Course(evidence.staged.course)].null_sender:
        return False
    begun = {contact.at for contact in attempt.contacts}
    begun_by = (each for each in evidence.connections if each.opened in begun)
    paths = {offered.reverse_path for each in begun_by for offered in each.transactions}
    return paths == {""} if paths else attempt.at > since


def _again(evidence: Evidence, healed: float) -> list[Attempt]:
    """Return the attempts at the message of which a server knew that it was not a report."""
    refused = [each for each in evidence.connections if each.opened >= healed and each.faults]
    contacts = [
        Contact(
            at=each.opened,
            end=each.faults[0].at,
            latest_end=each.faults[0].at if each.closed is None else each.closed.at,
            host=each.server,
            shown_by=each.accepted,
        )
        for each in refused
    ]
    return [
        Attempt(at=each.at, end=each.end, latest_end=each.latest_end, contacts=(each,), traces=(each,))
        for each in contacts
    ]
