"""What comes right behind a final answer, before the session has come to its end.

A message that was taken (250 to the final dot) or refused for good (5yz to it) is done with, whatever the server says
or does next (RFC 5321 sections 4.2.1 and 6.1). Where MAIL or RCPT was refused and the connection is lost, a relay may
go by the refusal or by the loss, which is like a 451 (section 3.8): the message is returned or tried again, not both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.catalogue.destination import Host, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.failure_modes.grid_actions import LOST
from conformance.catalogue.message import Kind, Message, Refusal
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import OFFER, Action, Close, CloseWith421, Followed, Raw, Reply, Reset, Rule, Stage

_TAKEN = Reply(250, "2.0.0 OK")
_CLOSING = Reply(421, "4.3.2 Closing the connection")
_UNWANTED = Reply(550, "5.7.1 Not wanted here")
_NOT_NOW = Reply(421, "4.3.2 Not now")

_BEGUN = range(1, 100)  # behind a MAIL: who says RSET before that has nothing to forget

# More than the sockets of both sides hold, so that the relay is still sending.
_LARGE = 5_000_000
_SMALL_BUFFER = 4_096


def _taken(name: str, staged: str, action: Action) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.QUIT,
        staged=f"The server takes the message ({_TAKEN.text}), and in one segment with that {staged}.",
        kind=Kind.HARMLESS,
        hosts=(Host(rules=(Rule(Stage.DOT, action),)),),
        witness=fault_played,
    )


_AFTER_250 = (
    _taken("taken_then_closed", "closes the connection", Followed(_TAKEN, then=Close())),
    _taken(
        "taken_then_421",
        f'says "{_CLOSING.text}" and closes the connection',
        Followed(_TAKEN, by=_CLOSING, then=Close()),
    ),
    _taken("taken_then_refused", f'says "{_UNWANTED.text}"', Followed(_TAKEN, by=_UNWANTED)),
    _taken(
        "taken_then_garbage",
        "sends a line that is no reply",
        Raw(_TAKEN.encoded() + b"This is not SMTP.\r\n"),
    ),
)


_WITHOUT_STATUS = FailureMode(
    name="taken_without_status",
    section=Section.POSITIVE_REPLIES,
    staged='The server takes the message with "250 Accepted", without an enhanced status code.',
    kind=Kind.HARMLESS,
    hosts=(
        Host(
            rules=(Rule(Stage.DOT, Reply(250, "Accepted")),),
            extensions=offer_without("ENHANCEDSTATUSCODES"),
        ),
    ),
    witness=fault_played,
)


def _refused(name: str, staged: str, *rules: Rule) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.PERMANENT_REPLIES,
        staged=staged,
        kind=Kind.PERMANENT,
        hosts=(Host(rules=rules),),
        witness=fault_played,
        explained_by=("550", "notwanted"),
        refusal=Refusal(reply=_UNWANTED),
    )


_AFTER_5YZ = (
    _refused(
        "rejected_at_dot_then_closed",
        f'The server answers the final dot with "{_UNWANTED.text}" and closes the connection in one segment with that.',
        Rule(Stage.DOT, Followed(_UNWANTED, then=Close())),
    ),
    _refused(
        "rejected_at_dot_then_421",
        f'The server answers the final dot with "{_UNWANTED.text}", says "{_CLOSING.text}" and closes the connection.',
        Rule(Stage.DOT, Followed(_UNWANTED, by=_CLOSING, then=Close())),
    ),
    _refused(
        "rset_rejected_after_refusal",
        f'The server answers RCPT with "{_UNWANTED.text}", and RSET with "502 5.5.1 Not implemented".',
        Rule(Stage.RCPT, _UNWANTED),
        Rule(Stage.RSET, Reply(502, "5.5.1 Not implemented"), transactions=_BEGUN),
    ),
    _refused(
        "rset_421_after_refusal",
        f'The server answers RCPT with "{_UNWANTED.text}", and RSET with "{_NOT_NOW.text}".',
        Rule(Stage.RCPT, _UNWANTED),
        Rule(Stage.RSET, CloseWith421("4.3.2 Not now"), transactions=_BEGUN),
    ),
)

_ENDINGS = {
    "closed": ("closes the connection", Followed(_UNWANTED, then=Close())),
    "reset": ("resets the connection", Followed(_UNWANTED, then=Reset())),
    "421": (
        f'says "{_CLOSING.text}" and closes the connection',
        Followed(_UNWANTED, by=_CLOSING, then=Close()),
    ),
}
_STAGES = (Stage.MAIL, Stage.RCPT)
_OFFERS = {"": OFFER, "_one_by_one": offer_without("PIPELINING")}

# Each two of stage, ending and offer once.
REFUSED_AND_LOST = (
    (Stage.MAIL, "closed", ""),
    (Stage.MAIL, "reset", "_one_by_one"),
    (Stage.MAIL, "421", ""),
    (Stage.RCPT, "closed", "_one_by_one"),
    (Stage.RCPT, "reset", ""),
    (Stage.RCPT, "421", "_one_by_one"),
)
SETS = (_STAGES, tuple(_ENDINGS), tuple(_OFFERS))


def _lost() -> Iterator[FailureMode]:
    for stage, ending, offer in REFUSED_AND_LOST:
        does, action = _ENDINGS[ending]
        without = " that does not offer PIPELINING" if offer else ""
        yield FailureMode(
            name=f"refused_at_{stage}_then_{ending}{offer}",
            section=Section.REFUSED_LOST,
            staged=f'A server{without} answers {stage.upper()} with "{_UNWANTED.text}" and {does}.',
            hosts=(Host(rules=(Rule(stage, action),), extensions=_OFFERS[offer]),),
            witness=fault_played,
            explained_by=("550", "notwanted", "421", "closing", *LOST),
            brief=True,
        )


def _early(
    name: str, section: Section, reply: Reply, then: Close | Reset, words: tuple[str, ...]
) -> FailureMode:
    does = "closes" if isinstance(then, Close) else "resets"
    return FailureMode(
        name=name,
        section=section,
        staged=f'The server says "{reply.text}" while the content is still on its way, and {does} the connection.',
        hosts=(
            Host(rules=(Rule(Stage.BODY, Raw(reply.encoded(), then=then)),), receive_buffer=_SMALL_BUFFER),
        ),
        message=Message(octets=_LARGE),
        witness=fault_played,
        explained_by=words,
        brief=True,
    )


_TOO_LARGE = Reply(552, "5.3.4 Message too large")
_AMID_CONTENT = (
    replace(
        _early(
            "refused_amid_content_then_closed",
            Section.REFUSED_LOST,
            _TOO_LARGE,
            Close(),
            ("552", "toolarge", *LOST),
        ),
        section=Section.REFUSED_AMID,
        kind=Kind.PERMANENT,
        brief=False,
    ),
    _early(
        "refused_amid_content_then_reset",
        Section.REFUSED_LOST,
        _TOO_LARGE,
        Reset(),
        ("552", "toolarge", *LOST),
    ),
    _early(
        "taken_amid_content_then_reset",
        Section.EARLY,
        _TAKEN,
        Reset(),
        (*LOST, "unexpected", "early", "250"),
    ),
)

MODES = (*_AFTER_250, _WITHOUT_STATUS, *_AFTER_5YZ, *_lost(), *_AMID_CONTENT)
