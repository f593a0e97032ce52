"""What is forged into a message does not become a second one."""

from collections.abc import Iterator

from conformance.catalogue.special import FORGED
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.content import is_cut_short
from conformance.judging.verdict import Inconclusive, NotApplicable
from fake_servers.events import ClientReply, SmtpMessage, SmtpReceived

# What a relay says to a command that it takes: not to QUIT, and not that it leaves by itself.
_TAKES = ("2", "3")


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    where=lambda mode, _: mode.message.special is not None and mode.message.special.forged_end is not None,
    place=154,
    of_refusals=True,
    requirements={"one": "content/one-message"},
)
def test_one_message(case: Case) -> list[Finding]:
    """The commands in the text stay text: nobody answers them, no second message goes anywhere, none ends before them.

    A second message would be for a recipient of its own, which nobody else has. It may come from a relay that took the
    commands when the message was handed over, or from one that sends the message on so that the next server takes them.
    """
    staged = case.evidence.staged
    seen = next(_split(case), "")
    if not seen and staged.submitted is None:
        raise NotApplicable(f"the relay does not take such a message: {staged.refusal}")
    if not seen and not case.evidence.messages:
        if case.evidence.ndrs:
            raise NotApplicable("the relay accepted the message and returned it, as it may")
        raise Inconclusive(
            "the message was accepted, and nothing arrived: nobody knows what it would have become"
        )
    return [
        case.finding(
            "one_message.one",
            holds=not seen,
            expected="one message, whose text has the commands in it",
            observed=seen or "one message",
            conclusive=True,
        )
    ]


def _split(case: Case) -> Iterator[str]:
    """Yield every sign that the message became two, the plainest first."""
    evidence, staged = case.evidence, case.evidence.staged
    forged = f"{FORGED}@{staged.domain}"
    for event in evidence.record.events:
        if isinstance(event, SmtpMessage) and event.is_for(forged):
            yield f"a second message, for <{forged}>, arrived at {event.server}"
    for event in evidence.of(SmtpReceived):
        if event.line.upper().startswith("RCPT ") and f"<{forged}>" in event.line.lower():
            yield f"the relay sent the forged command {event.line!r}"
    if any(listing.messages for listing in evidence.queue_for(forged).listings):
        yield f"a second message, for <{forged}>, is in the queue"
    for reply in evidence.of(ClientReply):
        if reply.text.startswith(_TAKES):
            yield f"the relay answered a command that stands in the text: {reply.text!r}"
    if any(is_cut_short(staged.content, copy.content) for copy in evidence.messages):
        yield "what arrived ends before the forged commands"
