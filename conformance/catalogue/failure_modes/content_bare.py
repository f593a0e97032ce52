"""Bodies in which CR or LF stand alone: what no relay may send on, nor take for the end of a line, or of a message.

To refuse such a message is in order; so is it to make CRLF of them, or anything else.
"""

from itertools import product

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import Special
from conformance.witness.connections import delivered

_ENDS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_NAMES = {"cr": "CR", "lf": "LF", "crlf": "CRLF"}


def _bare(which: str) -> FailureMode:
    end = _ENDS[which]
    return FailureMode(
        name=f"bare_{which}",
        section=Section.BARE,
        staged=f"Lines of the message end with {_NAMES[which]} alone.",
        kind=Kind.CONTENT,
        message=Message(
            special=Special(
                body=b"the first line" + end + b"the second line" + end * 2 + b"here it ends\r\n", bare=True
            )
        ),
        witness=delivered,
    )


def _smuggled(before: str, behind: str) -> FailureMode:
    return FailureMode(
        name=f"smuggled_{before}_dot_{behind}",
        section=Section.SMUGGLING,
        staged=f"The message has {_NAMES[before]}, a dot and {_NAMES[behind]} in its body, and then the commands and "
        "the text of a second message.",
        kind=Kind.CONTENT,
        message=Message(special=Special(forged_end=(_ENDS[before], _ENDS[behind]))),
        witness=delivered,
    )


MODES = (
    *(_bare(which) for which in ("cr", "lf")),
    *(_smuggled(*ends) for ends in product(_ENDS, _ENDS) if ends != ("crlf", "crlf")),
)
