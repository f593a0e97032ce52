"""New settings, or Fix now, while the first attempt hangs: in the first of two smart hosts, or in the hand-over itself.

An alert falls due meanwhile as at any other time.

Whether an attempt is called off then or comes to its end where it is, the message ends once. What a server may have
taken already is not sent again before it has had time to say so.
"""

from conformance.catalogue.destination import EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.amid import PROOFS, Amid
from fake_servers import Close, Followed, Reply, Rule, Slow, Stage, Stall

_SILENT = Host(rules=(Rule(stage=Stage.GREETING, action=Stall()),))
_PAUSE = 1.5  # seconds: less than the time-outs that are asked for
_LATE = Host(rules=(Rule(stage=Stage.DOT, action=Slow(_PAUSE)),))
_NEVER = 10**6
_IN_VAIN = Host(
    rules=(
        Rule(stage=Stage.DOT, action=Stall(), connections=range(1, 2)),
        Rule(stage=Stage.GREETING, action=Reply(421, "4.3.2 Not now"), connections=range(2, _NEVER)),
    )
)

_REFUSES = Host(rules=(Rule(stage=Stage.GREETING, action=Reply(421, "4.3.2 Not now")),))

_BUSY = "4.3.2 Busy"
_GREYLISTED = "4.7.1 Greylisted"
_HELD = (Stage.GREETING, Stage.EHLO, Stage.MAIL, Stage.RCPT)
_HOLDS = Host(
    rules=(
        Rule(stage=Stage.GREETING, action=Reply(421, _BUSY), connections=range(1, 2)),
        *(Rule(stage=stage, action=Slow(_PAUSE), connections=range(2, _NEVER)) for stage in _HELD),
        Rule(stage=Stage.DATA, action=Reply(450, _GREYLISTED)),
    )
)

_HOLDS_ALL = Host(
    rules=(
        *(Rule(stage=stage, action=Slow(_PAUSE)) for stage in _HELD),
        Rule(stage=Stage.DATA, action=Reply(450, _GREYLISTED)),
    )
)

_HOLDS_AFTER_ONE = Host(
    rules=(
        Rule(Stage.DOT, Followed(Reply(250, "2.0.0 Taken"), then=Close()), connections=range(1, 2)),
        *(Rule(stage=stage, action=Slow(_PAUSE), connections=range(2, _NEVER)) for stage in _HELD),
        Rule(stage=Stage.DATA, action=Reply(450, _GREYLISTED), connections=range(2, _NEVER)),
    )
)

_IN_FIRST = "while the first attempt hangs in one of two smart hosts, neither of which greets"
_IN_HAND_OVER = f"while the server, which has the whole message, takes {_PAUSE} s to answer the final dot"

_PLAY = (
    (
        "edited_in_first_host",
        Amid.NEW_HOST,
        (_SILENT, _SILENT),
        f"The connector is given another smart host, a healthy one, {_IN_FIRST}.",
    ),
    (
        "fixed_now_in_first_host",
        Amid.FIX_NOW,
        (_SILENT, _SILENT),
        f"Fix now is chosen for the connector {_IN_FIRST}.",
    ),
    (
        "edited_in_hand_over",
        Amid.NEW_HOST,
        (_LATE,),
        f"The connector is given another smart host, a healthy one, {_IN_HAND_OVER}.",
    ),
    (
        "fixed_now_in_hand_over",
        Amid.FIX_NOW,
        (_LATE,),
        f"Fix now is chosen for the connector {_IN_HAND_OVER}.",
    ),
    (
        "edited_in_vain",
        Amid.SAME_HOST,
        (_IN_VAIN,),
        "The connector is given the address of its smart host instead of its name, while the server, which has the "
        'whole message, never answers the final dot; from then on it greets with "421 4.3.2 Not now".',
    ),
    (
        "edited_in_vain_waiting",
        Amid.BETWEEN,
        (_REFUSES,),
        "The connector is given the address of its smart host instead of its name, while the message waits for its "
        'next attempt; the server greets with "421 4.3.2 Not now" before and after.',
    ),
    (
        "alerted_in_attempt",
        Amid.ALERT,
        (_HOLDS,),
        f'The server greets the first connection with "421 {_BUSY}"; each one after it is held for '
        f'{_PAUSE * len(_HELD):.0f} s, a little at each reply, and then told "450 {_GREYLISTED}". The alert falls due '
        "meanwhile.",
    ),
    (
        "alerted_before_failure",
        Amid.ALERT,
        (_HOLDS_ALL,),
        f"Each connection is held for {_PAUSE * len(_HELD):.0f} s, a little at each reply, and then told "
        f'"450 {_GREYLISTED}". The alert falls due before anything has failed.',
    ),
    (
        "alerted_after_delivery",
        Amid.ALERT,
        (_HOLDS_AFTER_ONE,),
        "The server takes a message on the first connection, and closes that; each one after it is held for "
        f'{_PAUSE * len(_HELD):.0f} s, a little at each reply, and then told "450 {_GREYLISTED}". The alert that falls '
        "due is about what waits, and not about what was delivered.",
    ),
)

# No time-out of a relay's ends an attempt there.
_AT_LAST = (_LATE, _REFUSES, _HOLDS, _HOLDS_ALL, _HOLDS_AFTER_ONE)

MODES = tuple(
    FailureMode(
        name=name,
        section=Section.AMID,
        staged=staged,
        kind=Kind.AMID,
        hosts=hosts,
        amid=what,
        witness=PROOFS[what],
        attempt=EachAttempt(timeout=None if hosts[0] in _AT_LAST else Timeout.COMMAND),
    )
    for name, what, hosts, staged in _PLAY
)
