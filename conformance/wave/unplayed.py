"""What is not played on a relay, as that turns out to be once it was started: what does not apply to it, and why."""

from __future__ import annotations

from conformance.catalogue.scenario import Scenario
from conformance.wave.adapter import Instance
from conformance.witness.kills import IN_SUBMISSION

_NO_SESSION = (
    "the relay takes mail by submit(), so there is no SMTP session of a submission in which it can be killed"
)


def why_unplayed(scenario: Scenario, instance: Instance) -> str:
    """Say why a scenario does not apply to a running relay; empty: it does.

    Args:
        scenario: What is to be played.
        instance: The relay.
    """
    if instance.submission is None and scenario.failure_mode.killed in IN_SUBMISSION:
        return _NO_SESSION
    return ""
