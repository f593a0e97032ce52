"""A server that refuses one of two recipients (RFC 5321 section 3.3); what it refuses to all is in the grid."""

from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Reply, Rule, Stage

_TEXT = "5.7.1 Not wanted here"

_OTHER = "accepted"  # the second recipient

# RFC 5321 sections 3.3 and 4.2.1: each RCPT has a reply of its own.
MODES = (
    FailureMode(
        name="one_recipient_rejected",
        section=Section.PERMANENT_REPLIES,
        staged=f'The server answers RCPT for one of two recipients with "550 {_TEXT}".',
        kind=Kind.MIXED,
        hosts=(Host(rules=(Rule(Stage.RCPT, Reply(550, _TEXT), recipient=RECIPIENT),)),),
        message=Message(also_to=(_OTHER,)),
        witness=fault_played,
    ),
    FailureMode(
        name="one_recipient_deferred",
        section=Section.TRANSIENT_REPLIES,
        staged='The server answers RCPT for one of two recipients with "450 4.2.1 Mailbox busy".',
        kind=Kind.MIXED,
        hosts=(Host(rules=(Rule(Stage.RCPT, Reply(450, "4.2.1 Mailbox busy"), recipient=RECIPIENT),)),),
        message=Message(also_to=(_OTHER,)),
        witness=fault_played,
    ),
)
