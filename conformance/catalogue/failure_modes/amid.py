"""What falls into an attempt: while the first one hangs in a silent server, or in a look-up, something happens.

Whatever it is, the relay is there afterwards, the message is delivered or reported once, and the old connection ends.
"""

from conformance.catalogue.destination import SLOWLY, DnsName, EachAttempt, Host, Timeout, slow_at
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.amid import PROOFS, Amid
from fake_servers import Rule, Silence, Stage, Stall

_SERVER = Host(rules=(Rule(stage=Stage.GREETING, action=Stall()),))
_UNANSWERED = Host(rules=(Rule(stage=Stage.RCPT, action=Stall()),))
_SLOW_SERVER = Host(rules=slow_at(Stage.EHLO, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.DOT))
_LOOK_UP = Host(dns=DnsName(answer=Silence()))

_IN_ATTEMPT = "the first attempt hangs in a server that does not greet"
_IN_TRANSACTION = "the first attempt hangs in a server that does not answer RCPT"
_IN_DELIVERY = f"the first attempt delivers to a healthy server that {SLOWLY}"
_IN_LOOK_UP = "the first attempt waits for the address of the smart host, which the name server never gives"

_PLAY = (
    ("expired_in_attempt", Amid.EXPIRY, _SERVER, f"The lifetime of the message ends while {_IN_ATTEMPT}."),
    ("expired_in_look_up", Amid.EXPIRY, _LOOK_UP, f"The lifetime of the message ends while {_IN_LOOK_UP}."),
    (
        "expired_in_transaction",
        Amid.EXPIRY,
        _UNANSWERED,
        f"The lifetime of the message ends while {_IN_TRANSACTION}.",
    ),
    (
        "edited_in_attempt",
        Amid.EDIT,
        _SERVER,
        f"The connector is given another smart host, a healthy one, while {_IN_ATTEMPT}.",
    ),
    (
        "flushed_in_attempt",
        Amid.FLUSH,
        _SERVER,
        f"The relay is told to try its whole queue while {_IN_ATTEMPT}; then the server is repaired.",
    ),
    (
        "flushed_in_delivery",
        Amid.FLUSH,
        _SLOW_SERVER,
        f"The relay is told to try its whole queue while {_IN_DELIVERY}.",
    ),
    (
        "stopped_in_attempt",
        Amid.STOP,
        _SERVER,
        f"The relay is told to stop while {_IN_ATTEMPT}, and started again when the server has been repaired.",
    ),
    (
        "second_instance_in_delivery",
        Amid.SECOND,
        _SLOW_SERVER,
        f"Another instance is started on the same spool while {_IN_DELIVERY}.",
    ),
    (
        "clock_set_back_in_attempt",
        Amid.SET_BACK,
        _SERVER,
        f"The relay's clock is set back by an hour while {_IN_ATTEMPT}; then the server is repaired, and the clock is "
        "moved forward again if nothing comes of the message before.",
    ),
    (
        "disk_full_in_attempt",
        Amid.FULL,
        _SERVER,
        f"The relay has no room on its disk any more while {_IN_ATTEMPT}, and another message is offered; then there "
        "is room again, the server is repaired, and a third message is offered.",
    ),
)

# Which of the relay's time-outs ends an attempt.
_TIME_OUTS = {_SERVER: Timeout.COMMAND, _UNANSWERED: Timeout.COMMAND, _LOOK_UP: Timeout.DNS}

# So large a message is seen on a disk by the room that it takes, which no log takes in so short a time.
_OCTETS = {Amid.FULL: 64_000}

MODES = tuple(
    FailureMode(
        name=name,
        section=Section.AMID,
        staged=staged,
        kind=Kind.AMID,
        hosts=(host,),
        amid=what,
        message=Message(octets=_OCTETS.get(what, Message().octets)),
        witness=PROOFS[what],
        attempt=EachAttempt(timeout=_TIME_OUTS.get(host)),
    )
    for name, what, host, staged in _PLAY
)
