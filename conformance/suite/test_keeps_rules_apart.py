"""What is asked of TLS for a message holds, whatever went to the same server by another rule before."""

from __future__ import annotations

from conformance.evidence.connections import Connection, forward_path
from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import Inconclusive, NotApplicable
from fake_servers import Stage
from fake_servers.addresses import known_as
from fake_servers.events import SmtpMessage, SmtpReceived


def _has_two_rules(mode: FailureMode, _: Course) -> bool:
    return mode.message.batch is not None and mode.message.batch.rule is not None


@aspect(
    Course.BATCH,
    kinds=(Kind.BATCH,),
    where=_has_two_rules,
    place=558,
    by_itself=True,
    requirements={"clear": "tls/never-in-clear", "fit": "tls/fit-host"},
)
def test_keeps_rules_apart(case: Case) -> list[Finding]:
    """The last message goes neither in clear nor to a server whose certificate its rule does not let pass.

    The one before went to that server by a rule that lets anything pass: neither its connection, nor its TLS session,
    nor what was found of the certificate then is of use.
    """
    evidence = case.evidence
    first, *_, last = evidence.staged.offers
    if last is first or last.accepted is None:
        raise NotApplicable("the message for which TLS is required was not taken")
    if not any(message.is_for(first.recipient) for message in evidence.messages):
        raise NotApplicable("nothing went to the server before, by another rule")
    if not any(_is_tried_on(each, first.recipient, last.at) for each in evidence.connections):
        raise Inconclusive("the relay did not come to the server for the message for which TLS is required")
    bare = [told for each in evidence.connections for told in _in_clear(case, each, last.recipient)]
    found = [
        case.finding(
            "keeps_rules_apart.clear",
            holds=not bare,
            expected="no recipient and no content in clear where TLS is required",
            observed=f"in clear: {', '.join(bare[:3])}" if bare else "nothing in clear",
            conclusive=True,
        )
    ]
    if case.mode.hosts[0].tls is not None:
        given = [message for message in evidence.messages if message.tls and message.is_for(last.recipient)]
        found.append(
            case.finding(
                "keeps_rules_apart.fit",
                holds=not given,
                expected="not given to a server whose certificate the rule does not let pass",
                observed=f"given to it at {evidence.when(given[0].at)}" if given else "it was not",
                conclusive=True,
            )
        )
    return found


def _is_tried_on(connection: Connection, first: str, since: float) -> bool:
    """Tell whether a connection was made for more than the first message, or used for more than to leave behind it."""
    used = [command.at for command in connection.commands if command.stage is not Stage.QUIT]
    went = [event.at for event in connection.events if isinstance(event, SmtpMessage) and event.is_for(first)]
    if went:
        return any(at > went[-1] for at in used)
    return connection.opened >= since or any(at >= since for at in used)


def _in_clear(case: Case, connection: Connection, recipient: str) -> list[str]:
    """Say what of a message for a recipient was sent on a connection before TLS."""
    told = []
    for event in connection.in_clear:
        when = case.evidence.when(event.at)
        match event:
            case SmtpReceived() if known_as(forward_path(event) or "") == known_as(recipient):
                told.append(f"RCPT at {when}")
            case SmtpMessage() if event.is_for(recipient):
                told.append(f"content at {when}")
    return told
