"""What the name server said before the repair is used no longer than it may be."""

from conformance.evidence.queue import Presence
from conformance.judging.aspect import Case, Course, Finding, aspect
from conformance.judging.fate import TRIED_AGAIN
from conformance.judging.verdict import NotApplicable
from fake_servers.events import DnsAnswer

# Seconds: many resolvers count the time to live in whole ones.
_TICK = 1.0


@aspect(
    Course.HEALED,
    where=lambda mode, _: bool(mode.remembered),
    place=460,
    fates=TRIED_AGAIN,
    requirements={
        "address": "dns-cache/address",
        "negative": "dns-cache/negative",
        "failure": "dns-cache/failure",
    },
)
def test_refreshes(case: Case) -> list[Finding]:
    """Once the time to live has passed no attempt goes to the old server, and the next one asks again.

    A relay that relies on old data leaves no trace of it but the question that is missing.
    """
    staged = case.evidence.staged
    granted = staged.granted
    repaired = staged.repaired or 0.0
    expired = repaired + case.mode.longest_ttl + _TICK
    latest = expired + granted.max_retry_interval + granted.granularity + case.evidence.slack
    if any(message.at < repaired for message in case.evidence.messages):
        raise NotApplicable(
            "the message was delivered before the repair, so there was nothing left to look up"
        )
    if case.evidence.given_up is not None or case.evidence.queue.at(repaired).presence is Presence.ABSENT:
        raise NotApplicable("the message was given up before the repair, so nothing was left to look up")
    misled = [attempt.at for attempt in case.attempts if attempt.at > expired]
    asked = next((event.at for event in case.evidence.of(DnsAnswer) if event.at >= repaired), None)
    if misled:
        observed = f"the old server was still tried {misled[-1] - expired:.1f} s after that"
    elif asked is None:
        observed = f"no question for {(staged.closed or 0.0) - repaired:.1f} s after the repair"
    else:
        observed = f"asked again {asked - repaired:.1f} s after the repair"
    return [
        case.finding(
            f"refreshes.{case.mode.remembered}",
            holds=not misled and asked is not None and asked <= latest,
            expected=(
                f"asked again within {latest - repaired:.1f} s of the repair, and the old answer not used for more "
                f"than {case.mode.longest_ttl:.0f} s (and a second for rounding)"
            ),
            observed=observed,
            only_late=not misled and asked is not None,
        )
    ]
