"""The relay itself is killed with SIGKILL, at each moment of a message's life at which it answers for it.

What got a `250` is delivered or reported (RFC 5321 sections 4.2.5 and 6.1). The destination is repaired while there is
no relay, unless the message is to expire.
"""

from conformance.catalogue.circumstances import in_words
from conformance.catalogue.destination import Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.kills import PROOFS, TIMES, KillPoint
from fake_servers import Reply, Rule, Stage, Stall

_SILENT = Host(rules=(Rule(stage=Stage.GREETING, action=Stall()),))
_CLOSED = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, "4.3.2 Service not available")),))
_READ_FIRST = 8_192  # octets of content
_SMALL_BUFFER = 4_096  # so that the rest of the content is still the relay's

_AMID_CONTENT = (KillPoint.DELIVERING, KillPoint.DELIVERING_AGAIN)

_PLAY = (
    (
        "killed_before_dot",
        KillPoint.CONTENT_SENT,
        "in submission, when the content was sent and the final dot was not; the message is submitted again",
        _SILENT,
    ),
    (
        "killed_before_250",
        KillPoint.DOT_SENT,
        "right after the final dot was submitted; the message is submitted again unless a 250 came",
        _SILENT,
    ),
    (
        "killed_after_250",
        KillPoint.ACCEPTED,
        "as soon as its 250 was read",
        _SILENT,
    ),
    (
        "killed_in_delivery",
        KillPoint.DELIVERING,
        f"when the destination has read {_READ_FIRST} octets of the content",
        Host(
            rules=(Rule(stage=Stage.BODY, action=Stall(after=_READ_FIRST)),),
            receive_buffer=_SMALL_BUFFER,
        ),
    ),
    (
        "killed_in_delivery_again",
        KillPoint.DELIVERING_AGAIN,
        f"{in_words(TIMES[KillPoint.DELIVERING_AGAIN])} times, each time when the destination has read {_READ_FIRST} "
        "octets of the content",
        Host(
            rules=(Rule(stage=Stage.BODY, action=Stall(after=_READ_FIRST)),),
            receive_buffer=_SMALL_BUFFER,
        ),
    ),
    (
        "killed_after_final_dot",
        KillPoint.DELIVERED_UNTOLD,
        "when the destination has read the final dot and has not answered it",
        Host(rules=(Rule(stage=Stage.DOT, action=Stall()),)),
    ),
    (
        "killed_after_delivery",
        KillPoint.DELIVERED,
        "when the message was delivered and has left the queue",
        Host(),
    ),
    (
        "killed_after_refusal",
        KillPoint.RETURNED,
        'when the destination has refused the message for good ("554 5.7.1 Not wanted here"), its report has arrived '
        "and it has left the queue",
        Host(rules=(Rule(stage=Stage.DOT, action=Reply(554, "5.7.1 Not wanted here")),)),
    ),
    (
        "killed_between_attempts",
        KillPoint.BETWEEN_ATTEMPTS,
        "when the first attempt has failed and the second has not begun",
        _CLOSED,
    ),
    (
        "killed_in_retry",
        KillPoint.RETRYING,
        "when the second attempt has got as far as MAIL",
        Host(
            rules=(
                Rule(stage=Stage.MAIL, action=Reply(451, "4.3.2 Try again later"), connections=range(1, 2)),
                Rule(stage=Stage.MAIL, action=Stall(), connections=range(2, 1000)),
            )
        ),
    ),
    (
        "killed_at_expiry",
        KillPoint.EXPIRING,
        "when its clock was just moved past the lifetime of a message that could not be delivered",
        _CLOSED,
    ),
    (
        "killed_while_reporting",
        KillPoint.REPORTING,
        "when an expired message has left the queue, or its report was sent up to the final dot",
        _CLOSED,
    ),
)

MODES = tuple(
    FailureMode(
        name=name,
        section=Section.KILLED,
        staged=f"The relay is killed {when}.",
        kind=Kind.KILLED,
        hosts=(host,),
        message=Message(octets=400_000 if moment in _AMID_CONTENT else 1_500),
        killed=moment,
        witness=PROOFS[moment],
    )
    for name, moment, when, host in _PLAY
)
