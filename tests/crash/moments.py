"""The moments at which the storm kills the relay, each a stage and a stroke of chance."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from fake_servers import Stage

# Where a destination falls silent, so that the kill finds the relay waiting there.
_STAGES = (Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT)
_REPORT_STAGES = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT)

# Random waits, in seconds: they cover what the relay does between two things that can be seen.
_INTAKE = 0.03
_ATTEMPT = 0.06
_EXPIRY = 0.03

HOW = ("intake", "silent", "taken", "retry", "chance", "expiry", "report")


@dataclass(frozen=True, kw_only=True)
class Blow:
    """One kill.

    Attributes:
        how: `intake`: in submission, `submitted` says how far; `silent`: while the destination says nothing at
            `stage`; `taken`: it has accepted the message, its reply is lost; `retry`: silent, at the second attempt;
            `chance`: at a random time after submission; `expiry`: at a random time after the clock was moved past the
            lifetime; `report`: while the server that takes the report says nothing at `stage`.
        stage: The stage of the silence.
        submitted: `content`, `dot` or `250`.
        wait: Seconds from the moment to the kill.
        company: Other messages that are submitted at the same time.
    """

    how: str
    stage: Stage
    submitted: str
    wait: float
    company: int

    def __str__(self) -> str:
        detail = {"intake": self.submitted, "silent": self.stage, "retry": self.stage, "report": self.stage}
        return " ".join(filter(None, (self.how, detail.get(self.how, ""))))


def draw(chance: Random, number: int) -> Blow:
    """Draw the nth kill; every way to kill comes up equally often."""
    how = HOW[number % len(HOW)]
    longest = {"intake": _INTAKE, "chance": _ATTEMPT, "expiry": _EXPIRY}.get(how, 0.0)
    return Blow(
        how=how,
        stage=chance.choice(_REPORT_STAGES if how == "report" else _STAGES),
        submitted=chance.choice(("content", "dot", "250")),
        wait=chance.uniform(0.0, longest),
        company=chance.randrange(4),
    )
