r"""Delivery attempts in what OpenSMTPD writes with `smtpd -d -v`, which bears no time.

One line is one attempt for one recipient::

    4e317fff186d7f73 mta delivery evpid=0b86be299faa581e from=<a@s.test> to=<b@c.test> rcpt=<-> source="-" \
relay="10.77.1.1 (mx.c.test)" delay=0s result="TempFail" stat="450 4.2.1 Mailbox busy"
    relay: Expire for 0b86be299faa581e: from=<a@s.test>, to=<b@c.test>, rcpt=<->, delay=1d15m, stat=Envelope expired

Why a connection failed stands in lines that bear the number of the session and no message, and is left there. What the
program quotes of a remote server is at the end of a line.
"""

from __future__ import annotations

from conformance.target import Outcome
from conformance.targets.kit import Line

LINES = (
    Line(
        r"[0-9a-f]{16} mta delivery evpid=[0-9a-f]{16} from=<.*?> to=<(?P<recipient>.*?)> rcpt=<.*?> "
        r'source="[^"]*" relay="(?:[^" ]* \((?P<destination>[^")]*)\)|(?P<destination2>[^"]*))" delay=\w+ '
        r'result="(?P<outcome>\w+)" stat="(?P<text>.*)"',
        {
            "Ok": Outcome.DELIVERED,
            "TempFail": Outcome.DEFERRED,
            "PermFail": Outcome.PERMANENT,
            "Expired": Outcome.EXPIRED,
            "Loop": Outcome.PERMANENT,
        },
    ),
    Line(
        r"relay: Expire for [0-9a-f]{16}: from=<.*?>, to=<(?P<recipient>.*?)>, rcpt=<.*?>, delay=\w+, "
        r"stat=(?P<text>.*)",
        Outcome.EXPIRED,
    ),
)
