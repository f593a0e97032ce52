"""Permanent refusals: the server says 5yz, and trying again is useless (RFC 5321 section 4.2.1).

The source document names them under "Other error codes"; the FAQ on queued mail says that they are not deferred.
"""

from conformance.failure_mode import RECIPIENT, FailureMode, Host, Kind
from conformance.witness import fault_played
from fake_servers import Reply, Rule, Stage

SECTION = "5yz"
_TEXT = "5.7.1 Not wanted here"

_OTHER = "accepted"  # the second recipient

_AT_ONCE = tuple(
    FailureMode(
        name=f"rejected_at_{stage}",
        section=SECTION,
        staged=f'The server answers {what} with "550 {_TEXT}".',
        kind=Kind.PERMANENT,
        hosts=(Host(rules=(Rule(stage=stage, action=Reply(550, _TEXT)),)),),
        witness=fault_played,
        reply=Reply(550, _TEXT),
        explained_by=("notwantedhere", "550"),
    )
    for stage, what in (
        (Stage.MAIL, "MAIL"),
        (Stage.RCPT, "RCPT"),
        (Stage.DATA, "DATA"),
        (Stage.DOT, "the final dot"),
    )
)

# RFC 5321 sections 3.3 and 4.2.1: each RCPT has a reply of its own.
_ONE_OF_TWO = (
    FailureMode(
        name="one_recipient_rejected",
        section=SECTION,
        staged=f'The server answers RCPT for one of two recipients with "550 {_TEXT}".',
        kind=Kind.MIXED,
        hosts=(Host(rules=(Rule(Stage.RCPT, Reply(550, _TEXT), recipient=RECIPIENT),)),),
        witness=fault_played,
        also_to=(_OTHER,),
    ),
    FailureMode(
        name="one_recipient_deferred",
        section="4yz",
        staged='The server answers RCPT for one of two recipients with "450 4.2.1 Mailbox busy".',
        kind=Kind.MIXED,
        hosts=(Host(rules=(Rule(Stage.RCPT, Reply(450, "4.2.1 Mailbox busy"), recipient=RECIPIENT),)),),
        witness=fault_played,
        also_to=(_OTHER,),
    ),
)

MODES = _AT_ONCE + _ONE_OF_TWO
