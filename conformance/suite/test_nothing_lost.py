"""Killed at any moment, the relay loses nothing: every message that got a 250 is delivered or reported, once."""

import math

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.final_report import only_promised, why_none_could_come
from conformance.judging.twice import surely_again
from conformance.judging.verdict import NotApplicable
from conformance.witness.kills import kills
from fake_servers.events import ClientReply, ClientSent


@aspect(
    Course.KILLED,
    kinds=(Kind.KILLED,),
    place=740,
    requirements={"kept": "nothing-lost/kept", "once": "nothing-lost/once", "intact": "nothing-lost/intact"},
)
def test_nothing_lost(case: Case) -> list[Finding]:
    """Delivered or reported after the restart, exactly once wherever the protocol allows it, content intact."""
    evidence = case.evidence
    # for others the relay is killed, and its clock moved, after this window was closed
    end = evidence.staged.closed or math.inf
    copies = [message.at for message in evidence.messages if message.at <= end]
    told = [*(message for message, _ in evidence.ndrs), *evidence.astray]
    reports = [message.at for message in told if message.at <= end]
    if not copies and not reports and (reason := why_none_could_come(case)):
        raise NotApplicable(reason)
    fates = _told(len(copies), len(reports))
    findings = [
        case.finding(
            "nothing_lost.kept",
            holds=bool(copies or reports),
            expected="delivered or reported",
            observed=fates
            if copies or reports
            else f"neither{_told_instead(case)}, in {_watched(case):.1f} s after the restart",
        )
    ]
    if copies or reports:
        allowed = 1 + _excusable(case, sorted(copies + reports))
        findings.append(
            case.finding(
                "nothing_lost.once",
                holds=len(copies) + len(reports) <= allowed,
                expected="exactly once" if allowed == 1 else f"once, or {allowed} times as replies were lost",
                observed=fates,
                conclusive=surely_again(
                    case, [*evidence.messages, *(each for each, _ in evidence.ndrs), *evidence.astray]
                ),
            )
        )
    return [*findings, *case.intact("nothing_lost.intact")]


def _told(copies: int, reports: int) -> str:
    parts = [f"delivered {copies} times" if copies != 1 else "delivered once"] if copies else []
    parts += [f"reported {reports} times" if reports != 1 else "reported once"] if reports else []
    return " and ".join(parts)


def _told_instead(case: Case) -> str:
    return f" ({only_promised(case.evidence)})" if case.evidence.notices else ""


def _watched(case: Case) -> float:
    closed = case.evidence.staged.closed or 0.0
    return closed - case.attempts[-1].end


def _excusable(case: Case, fates: list[float]) -> int:
    """Count the kills before which the relay may not yet have taken note of what it had just handed over.

    RFC 5321 section 4.1.1.4 leaves it to the sender to try again when the reply to the final dot was lost, as it is
    with the death of the relay. Once the message is not in its queue any more, the relay has taken note. A message
    whose 250 never came was submitted twice by us, and may be delivered twice.
    """
    evidence = case.evidence
    excused = 0
    for kill in kills(evidence):
        before = [at for at in fates if at < kill.dead]
        # what is listed once the relay was killed says nothing about before
        if before and not evidence.queue.during(after=before[-1], until=kill.asked).proves_gone:
            excused += 1
    if any(event.what == "final dot" for event in evidence.of(ClientSent)):
        unanswered = not any(reply.text.startswith("250") for reply in evidence.of(ClientReply))
        excused += unanswered
    return excused
