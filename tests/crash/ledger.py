"""What became of every message of a storm, and whether that is in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from conformance.judging.content import content_changes
from fake_servers.events import Event, SmtpMessage, TcpAccepted

# After so long a relay has taken note of what it was told, even on a slow disk; seconds.
_NOTED_WITHIN = 1.0


@dataclass(eq=False)
class Letter:
    """A message that was submitted.

    Attributes:
        sender: The reverse-path, this message's own.
        recipient: The forward-path, this message's own.
        content: Its octets.
        sent: How far the submission got: `nothing`, `content` or `dot`.
        accepted: Whether a 250 was read.
    """

    sender: str
    recipient: str
    content: bytes
    sent: str = "nothing"
    accepted: bool = False


@dataclass(frozen=True)
class Fate:
    """A delivery, or a report: who got it, when it was accepted, and when its connection began."""

    address: str
    at: float
    began: float
    content: bytes
    report: bool


@dataclass(frozen=True)
class Death:
    """A kill: when it was asked for, when the relay was dead, how often it had logged a delivery to each address."""

    asked: float
    dead: float
    logged: Mapping[str, int]


@dataclass
class Balance:
    """The result: numbers to print, and everything that is not in order."""

    delivered: int = 0
    reported: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)


def balance(letters: Iterable[Letter], events: Iterable[Event], deaths: list[Death]) -> Balance:
    """Compare what was accepted with what arrived."""
    fates = _fates(list(events))
    result = Balance()
    for letter in letters:
        own = sorted((*fates.get(letter.recipient, ()), *fates.get(letter.sender, ())), key=lambda f: f.at)
        result.delivered += any(not fate.report for fate in own)
        result.reported += any(fate.report for fate in own)
        allowed = 1 + sum(_unnoted(own, death) for death in deaths)
        result.doubled += len(own) > 1
        name = letter.recipient
        if letter.accepted and not own:
            result.wrong.append(f"{name}: accepted, and neither delivered nor reported")
        if letter.sent != "dot" and own:
            result.wrong.append(f"{name}: delivered or reported, although the final dot was never sent")
        if len(own) > allowed:
            times = ", ".join(f"{'reported' if f.report else 'delivered'} at {f.at:.3f}" for f in own)
            result.wrong.append(f"{name}: {len(own)} times where {allowed} are in order: {times}")
        copies = [fate.content for fate in own if not fate.report]
        damage = [change for copy in copies for change in content_changes(letter.content, copy)]
        result.wrong += [f"{name}: {change.text}" for change in damage]
    return result


def _fates(events: list[Event]) -> dict[str, list[Fate]]:
    began = {event.connection: event.at for event in events if isinstance(event, TcpAccepted)}
    found: dict[str, list[Fate]] = {}
    for event in events:
        if isinstance(event, SmtpMessage):
            for address in event.recipients:
                fate = Fate(
                    address=address,
                    at=event.at,
                    began=began[event.connection],
                    content=event.content,
                    report=event.mail_from == "",
                )
                found.setdefault(address, []).append(fate)
    return found


def _unnoted(own: list[Fate], death: Death) -> bool:
    """Tell whether the last fate before a death may have been unknown to the relay, which then rightly repeats it."""
    before = [fate for fate in own if fate.began < death.dead]
    if not before or before[-1].at < death.asked - _NOTED_WITHIN:
        return False
    same = sum(fate.address == before[-1].address and fate.at < death.dead for fate in before)
    return death.logged.get(before[-1].address, 0) < max(same, 1)
