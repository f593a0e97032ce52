"""A message to several: one is accepted, one deferred and one refused for good (RFC 5321 sections 3.3 and 4.2.1).

What a relay keeps in its queue of such a message is neither the whole of it nor nothing. The order of the recipients is
that of the envelope; of three each is at each place once.
"""

from conformance.catalogue.destination import EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import RECIPIENT, Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played, stalled
from fake_servers import Raw, Refuse, Reply, Rule, Stage

_REPLIES = {
    "accepted": None,
    "deferred": Reply(450, "4.2.1 Mailbox busy"),
    "refused": Reply(550, "5.7.1 Not wanted here"),
}
_OTHERS = ("second", "third")


_FULL = Reply(552, "5.2.2 Mailbox full")
_ODD = "354 Go ahead"


def _mix(*order: str) -> FailureMode:
    """Return the failure mode in which the recipients are treated so, in this order."""
    others = _OTHERS[: len(order) - 1]
    whom = dict(zip((RECIPIENT, *others), order, strict=True))
    rules = tuple(
        Rule(Stage.RCPT, reply, recipient=local)
        for local, treated in whom.items()
        if (reply := _REPLIES[treated]) is not None
    )
    return FailureMode(
        name=f"mix_{'_'.join(order)}",
        section=Section.TRANSIENT_REPLIES,
        staged=f"At RCPT the server treats each recipient of a message otherwise, in this order: {', '.join(order)}.",
        kind=Kind.MIXED,
        hosts=(Host(rules=rules),),
        message=Message(also_to=others),
        witness=fault_played,
        # some relays hand over each recipient on a connection of its own
        attempt=EachAttempt(connections=len(order)),
    )


MODES = (
    _mix("deferred", "accepted", "refused"),
    _mix("refused", "deferred", "accepted"),
    _mix("accepted", "refused", "deferred"),
    # nobody is accepted, and the last reply is not the one of both
    _mix("deferred", "refused"),
    _mix("refused", "deferred"),
    # 552 behind accepted recipients may be "too many" of them; this one says that it is not
    FailureMode(
        name="full_mailbox_beside_accepted",
        section=Section.TOO_MANY_552,
        staged=f'The server accepts the first recipient at RCPT and answers "{_FULL.text}" for the second.',
        kind=Kind.MIXED,
        hosts=(Host(rules=(Rule(Stage.RCPT, _FULL, recipient=_OTHERS[0]),)),),
        message=Message(also_to=_OTHERS[:1]),
        witness=fault_played,
        attempt=EachAttempt(connections=2),
    ),
    # where commands come in a group DATA has been said by then, and is answered for the first recipient
    FailureMode(
        name="odd_reply_beside_accepted",
        section=Section.ODD_BESIDE,
        staged=f'The server accepts the first recipient at RCPT and answers "{_ODD}" for the second, which is no '
        "answer to that, and goes on as if it had refused; DATA and what follows is taken.",
        kind=Kind.MIXED,
        hosts=(
            Host(rules=(Rule(Stage.RCPT, Raw(f"{_ODD}\r\n".encode(), then=Refuse()), recipient=_OTHERS[0]),)),
        ),
        message=Message(also_to=_OTHERS[:1]),
        witness=stalled,
        attempt=EachAttempt(connections=2, timeout=Timeout.COMMAND),
    ),
)
