r"""What the syslog lines of sendmail say of attempts.

One line is one attempt for one recipient or more::

    Jan  2 03:04:05 sendmail[77]: 6A2xyz: to=<b@c.test>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30345, \
relay=mx.c.test. [10.77.1.1], dsn=4.0.0, stat=Deferred: Connection refused by mx.c.test.

A line is taken only if its whole structure fits, so nothing that a remote server puts into the text can pass for
another field. `text` is what stands after `stat=`; where the name of the host is shortened its address stands for it.
Expiry is logged for the message as a whole, before the report is made.
"""

from __future__ import annotations

from pathlib import Path

from conformance.target import Outcome
from conformance.targets.kit import Line, PatternLog

_MESSAGE = r"\w{3} [ \d]\d \d\d:\d\d:\d\d sendmail\[\d+\]: (?P<id>[0-9A-Za-z]+): "
_RELAY = r"relay=(?:[^ ]*\.\.\.[^ ]* \[(?P<destination>[^\]]*)\]|(?P<destination2>[^ ]*?)\.?(?: .*?)?), "
_BEFORE = (
    rf"{_MESSAGE}to=(?P<recipients><.*?>(?:,<.*?>)*),? (?:ctladdr=.*?, )?delay=[\d:+]+, (?:xdelay=[\d:+]+, )?"
    rf"mailer=\w+, (?:pri=\d+, )?(?:{_RELAY})?"
)


def sendmail_log(path: Path) -> PatternLog:
    """Return a log at a path, in growth."""
    status = r"(?:dsn=(?P<status>[245]\.\d{1,3}\.\d{1,3}), )?(?:reply=.*?, )?"
    transient = r"(?:dsn=(?P<status>4\.\d{1,3}\.\d{1,3}), )(?:reply=.*?, )?"
    return PatternLog(
        path,
        Line(rf"{_BEFORE}{status}stat=(?P<text>Sent.*)", Outcome.DELIVERED),
        Line(rf"{_BEFORE}{status}stat=(?P<text>Deferred.*)", Outcome.DEFERRED),
        Line(rf"{_BEFORE}{transient}stat=(?!queued)(?P<text>.*)", Outcome.DEFERRED),
        Line(rf"{_BEFORE}{status}stat=(?!queued)(?P<text>.*)", Outcome.PERMANENT),
        Line(rf"{_MESSAGE}[0-9A-Za-z]+: sender notify: Cannot send message for .*", Outcome.EXPIRED),
    )
