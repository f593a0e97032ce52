"""What the main log of Exim says of attempts, written with `log_selector = +millisec` and the time zone UTC.

One line is one attempt for one recipient (Exim specification, chapter 52)::

    2026-01-02 03:04:05.678 1vOxyz-000001-0A == b@c.test R=router T=transport defer (111): Connection refused

`text` is everything after the recipient: what a remote server said stands at its end. That a message was not tried
because its time had not come is no attempt. Where the line does not name a host, a line of its own did before::

    2026-01-02 03:04:05.670 1vOxyz-000001-0A H=mx.c.test [10.77.1.1] Connection refused
"""

from __future__ import annotations

from pathlib import Path

from conformance.target import Outcome
from conformance.targets.kit import Line, PatternLog

_MESSAGE = r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?P<id>[0-9A-Za-z]+-[0-9A-Za-z]+-[0-9A-Za-z]+) "
# Where it was rewritten, the address as it was given stands in brackets.
_RECIPIENT = r"(?:\S+? <(?P<recipient>[^>]*)>|(?P<recipient2>\S+?))"
_HOST = r"(?:(?=(?: [A-Z]+=\S+)*(?: defer \(-?\d+\))? H=(?P<destination>\S+))|)"
_NOT_TRIED = r"(?!.* defer \(-\d+\): retry time not reached)"
_EXPIRED = (
    r".*(?:retry timeout exceeded"
    r"|have been failing for a long time \(and retry time not reached\)"
    r"|have been failing for a long time and were last tried after this message arrived)"
)
_OUTCOMES = {
    "=>": Outcome.DELIVERED,
    "->": Outcome.DELIVERED,
    ">>": Outcome.DELIVERED,
    "**": Outcome.PERMANENT,
    "==": Outcome.DEFERRED,
}


def exim_log(path: Path) -> PatternLog:
    """Return the main log at a path, in growth."""
    return PatternLog(
        path,
        Line(rf"{_MESSAGE}\*\* {_RECIPIENT}{_HOST}:? (?P<text>{_EXPIRED})", Outcome.EXPIRED),
        Line(
            rf"{_MESSAGE}(?P<outcome>=>|->|>>|\*\*|==) {_NOT_TRIED}{_RECIPIENT}{_HOST}:? (?P<text>.*)",
            _OUTCOMES,
        ),
        Line(rf"{_MESSAGE}H=(?P<destination>\S+).*"),
        Line(rf"{_MESSAGE}no IP address found for host (?P<destination>[^\s()]+)(?: .*)?"),
    )
