"""Refusals whose words are made to break what quotes them: a queue listing, a log line, a field of a report.

Whatever the text, the reply code says what to do (RFC 5321 section 4.2); a log must not be forged by it
(RFC 5424 section 6.4), and a report is 7bit with each field once (RFC 3464 sections 2.1 and 2.3).
"""

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Refusal
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Raw, Refuse, Rule, Stage

_CODES = {Kind.TRANSIENT: b"450", Kind.PERMANENT: b"550"}
_LONG = 3_000  # octets; RFC 5321 section 4.5.3.1.5 allows 512

# What is said after the reply code, line by line, and whether anybody could say so for good: a reply that is no
# SMTP at all is judged as a deferral only, because a client may break the session off.
_TEXTS: tuple[tuple[str, str, bool, tuple[bytes, ...]], ...] = (
    (
        "utf8",
        "words in UTF-8",
        True,
        ("{status} Postfach \u00fcberf\u00fcllt, sp\u00e4ter \u2028 \u65e5\u672c".encode(),),
    ),
    ("latin1", "words in ISO 8859-1", True, (b"{status} Postfach \xfcberf\xfcllt, sp\xe4ter",)),
    (
        "control_characters",
        "bells, backspaces and escape sequences that clear a terminal",
        True,
        (b"{status} Mailbox\x07 busy\x08\x08\x08\x1b[2J\x1b]0;owned\x07\x7f",),
    ),
    ("nul", "a NUL amid the words", False, (b"{status} Mailbox\x00 busy",)),
    (
        "bare_cr",
        "carriage returns before words that look like fields and log entries",
        False,
        (b"{status} Mailbox busy\rStatus: 2.0.0\rAction: delivered\rstatus=sent (250 2.0.0 OK)",),
    ),
    ("very_long", f"{_LONG} octets in one line", False, (b"{status} Mailbox busy " + b"x" * _LONG,)),
    (
        "like_fields",
        "lines that look like the fields of a report",
        True,
        (
            b"{status} Mailbox busy",
            b"Status: 2.0.0",
            b"Action: delivered",
            b"",
            b"Final-Recipient: rfc822;somebody@injected.invalid",
            b"{status} Try again later",
        ),
    ),
    (
        "like_log_lines",
        "lines that look like log entries of a delivery",
        True,
        (
            b"{status} Mailbox busy",
            b"relay smtp[1]: 4XYZ: status=sent (250 2.0.0 OK)",
            b'{"event": "delivered", "text": "250 2.0.0 OK"}',
            b"{status} Try again later",
        ),
    ),
)


def _mode(kind: Kind, name: str, what: str, lines: tuple[bytes, ...]) -> FailureMode:
    code = _CODES[kind]
    status = b"4.2.1" if kind is Kind.TRANSIENT else b"5.2.1"
    *first, last = (line.replace(b"{status}", status) for line in lines)
    octets = b"".join(code + b"-" + line + b"\r\n" for line in first) + code + b" " + last + b"\r\n"
    return FailureMode(
        name=f"{'reply' if kind is Kind.TRANSIENT else 'rejected'}_{name}",
        section=Section.TRANSIENT_REPLIES if kind is Kind.TRANSIENT else Section.PERMANENT_REPLIES,
        staged=f"The server refuses RCPT with {code.decode()} and {what}.",
        kind=kind,
        hosts=(Host(rules=(Rule(Stage.RCPT, Raw(octets, then=Refuse())),)),),
        witness=fault_played,
        explained_by=("mailbox", "postfach", code.decode()),
        refusal=Refusal(hostile=True),
    )


MODES = (
    *(_mode(Kind.TRANSIENT, name, what, lines) for name, what, _, lines in _TEXTS),
    *(_mode(Kind.PERMANENT, name, what, lines) for name, what, for_good, lines in _TEXTS if for_good),
)
