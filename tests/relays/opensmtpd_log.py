"""Reads delivery attempts from what OpenSMTPD writes with `smtpd -d -v`, which bears no time.

One line is one attempt for one recipient::

    4e317fff186d7f73 mta delivery evpid=0b86be299faa581e from=<a@s.test> to=<b@c.test> rcpt=<-> source="-" \
relay="10.77.1.1 (mx.c.test)" delay=0s result="TempFail" stat="450 4.2.1 Mailbox busy"
    relay: Expire for 0b86be299faa581e: from=<a@s.test>, to=<b@c.test>, rcpt=<->, delay=1d15m, stat=Envelope expired

Why a connection failed stands in lines that bear the number of the session and no message, and is left there. A line
is taken only if its whole structure fits. What the program quotes of a remote server is at its end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.kit import EventLog

_ATTEMPT = re.compile(
    r"[0-9a-f]{16} mta delivery evpid=[0-9a-f]{16} from=<.*?> to=<(?P<recipient>.*?)> rcpt=<.*?> "
    r'source="[^"]*" relay="(?P<relay>[^"]*)" delay=\w+ result="(?P<result>\w+)" stat="(?P<text>.*)"'
)
_EXPIRED = re.compile(
    r"relay: Expire for [0-9a-f]{16}: from=<.*?>, to=<(?P<recipient>.*?)>, rcpt=<.*?>, delay=\w+, stat=(?P<text>.*)"
)
_OUTCOMES = {
    "Ok": Outcome.DELIVERED,
    "TempFail": Outcome.DEFERRED,
    "PermFail": Outcome.PERMANENT,
    "Expired": Outcome.EXPIRED,
    "Loop": Outcome.PERMANENT,
}


class OpenSmtpdLog(EventLog):
    """A log file in growth. `destination` is the name in `relay=`; the events have no time."""

    def feed(self, lines: Iterable[str]) -> None:
        """Take complete lines, oldest first."""
        for line in lines:
            if expired := _EXPIRED.fullmatch(line):
                self.events.append(
                    DeliveryEvent(
                        recipient=expired["recipient"], outcome=Outcome.EXPIRED, text=expired["text"]
                    )
                )
            elif (attempt := _ATTEMPT.fullmatch(line)) and attempt["result"] in _OUTCOMES:
                self.events.append(
                    DeliveryEvent(
                        recipient=attempt["recipient"],
                        outcome=_OUTCOMES[attempt["result"]],
                        text=attempt["text"],
                        destination=_host(attempt["relay"]),
                    )
                )


def _host(relay: str) -> str:
    """Return the name in `10.77.1.1 (mx.c.test)`, else what is there."""
    address, _, name = relay.partition(" (")
    return name.rstrip(")") or address
