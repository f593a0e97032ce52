"""A message that has passed too many hosts, or goes around, ends; and its sender is told."""

from __future__ import annotations

from conformance.catalogue.special import TOO_MANY_HOSTS, Special
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from conformance.judging.words import counted
from fake_servers.events import ClientReply


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.circles,
    place=156,
    requirements={"ends": "loops/detected", "counted": "loops/counted", "told": "loops/told"},
)
def test_ends_loop(case: Case) -> list[Finding]:
    """It is refused when it is handed over, or returned in one report; how many hosts are too many nobody says.

    Who refuses to take it once more leaves it to the host that sent it back to tell the sender.
    """
    special, evidence = case.mode.message.special, case.evidence
    assert special is not None
    copies, reports = evidence.messages, evidence.ndrs
    refused = [event for event in evidence.of(ClientReply) if event.text[:1] in ("4", "5")]
    if special.sent_back:
        findings = [_ends(case, special)]
    else:
        findings = [
            case.finding(
                "ends_loop.counted",
                holds=not copies,
                expected="not handed on",
                observed="it was handed on" if copies else "it was not",
                conclusive=True,
            )
        ]
        if copies:
            return findings
    if refused and not reports:
        return findings
    if not findings[0].holds:
        return findings
    return [
        *findings,
        case.finding(
            "ends_loop.told",
            holds=len(reports) == 1,
            expected="one report to the sender",
            observed=f"{counted(len(reports), 'report')}, and it goes on no more",
        ),
    ]


def _ends(case: Case, special: Special) -> Finding:
    rounds, most = len(case.evidence.messages), TOO_MANY_HOSTS // special.sent_back
    if not rounds:
        raise NotApplicable(
            "the message did not come to the next host, so nobody could send it back", see="carries"
        )
    return case.finding(
        "ends_loop.ends",
        holds=rounds < most,
        expected=f"an end before the next host has it for the {most}th time",
        observed=f"the next host had it {counted(rounds, 'time')}",
        conclusive=True,
    )
