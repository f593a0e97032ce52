"""How promptly a relay goes on once it was answered: what shows that it had the processor it needed.

On a small machine somebody has to wait for a processor much of the time, and nobody is hurt: a relay that gets its turn
within milliseconds keeps its time-outs all the same. Where it answers each of our replies at once, it did get its turn.

Counted is the time from a reply of ours, as any server gives it, to whatever the relay does next on the same
connection. Not counted are connections on which a fault was played, as a relay may be right to wait there; nor what
follows the answer to the final dot or to QUIT, after which there is nothing that must be said at once; nor large
content, which takes its time however soon it begins.

Who waits for its first attempt has no connection yet, and the promptness of those that have one tells nothing of it: a
relay may need a process for it that the machine has not begun.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from fake_servers import Event, Stage
from fake_servers.events import (
    DnsQuery,
    SmtpBody,
    SmtpFault,
    SmtpReceived,
    SmtpSent,
    TcpAccepted,
    TcpClosed,
    TcpSyn,
    TlsEstablished,
    TlsOffered,
)

# Seconds within which a relay that has a processor goes on; a quarter of the time-outs that are asked for, and where
# a day passes in seconds no more than this part of what may be late there.
_PROMPT = 0.5
_PART_OF_SLACK = 0.5

# So many reactions within a second or two tell of it; fewer may have been lucky.
_SEVERAL = 5

# Content of more octets is noted at its end, long after it has begun.
_LARGE = 65_536


@dataclass
class _Second:
    """What was seen of one relay in one second of the journal."""

    reactions: int = 0
    slowest: float = 0.0


class Reactions:
    """The reactions of all relays of a wave.

    Args:
        slack: Seconds that everything may be late in the wave.
    """

    def __init__(self, slack: float) -> None:
        self._prompt = min(_PROMPT, _PART_OF_SLACK * slack)
        self._answered: dict[int, float] = {}
        self._spoilt: set[int] = set()
        self._seconds: defaultdict[tuple[int, int], _Second] = defaultdict(_Second)

    def note(self, event: Event, relay: int) -> None:
        """Take notice of an event at a destination of a relay, given by its number."""
        number = event.connection
        match event:
            case SmtpFault():
                self._spoilt.add(number)
                self._answered.pop(number, None)
            case SmtpSent() if number not in self._spoilt and event.stage not in (Stage.DOT, Stage.QUIT):
                self._answered[number] = event.at
            case SmtpBody() if event.octets > _LARGE:
                self._answered.pop(number, None)
            case SmtpReceived() | SmtpBody() | TlsOffered() | TlsEstablished() | TcpClosed(by="peer"):
                answered = self._answered.pop(number, None)
                if answered is not None:
                    self._add(relay, answered, event.at)
            case TcpClosed():
                self._answered.pop(number, None)

    def were_prompt(self, relay: int, begin: float, end: float) -> bool:
        """Tell whether a relay is known to have been prompt all the time between two times of the journal."""
        seconds = [self._seconds.get((relay, each), _Second()) for each in range(int(begin), int(end) + 1)]
        enough = sum(each.reactions for each in seconds) >= _SEVERAL
        return enough and all(each.slowest <= self._prompt for each in seconds)

    def _add(self, relay: int, begin: float, end: float) -> None:
        for second in range(int(begin), int(end) + 1):
            seen = self._seconds[relay, second]
            seen.reactions += 1
            seen.slowest = max(seen.slowest, end - begin)


def unattended(events: Iterable[Event], accepted: float, end: float, granularity: float) -> float:
    """Return until when a message waited for its first attempt for longer than it may; its acceptance if it did not.

    Args:
        events: What happened of it since it was accepted.
        accepted: When it was.
        end: When nobody watched any more.
        granularity: Seconds that the relay was granted.
    """
    attempts = (
        each.at for each in events if isinstance(each, DnsQuery | TcpSyn | TcpAccepted | SmtpReceived)
    )
    begun = min(attempts, default=end)
    return begun if begun - accepted > granularity + _PROMPT else accepted
