"""Bodies in which CR or LF stand alone: what no relay may send on, nor take for the end of a line, or of a message.

To refuse such a message is in order; so is it to make CRLF of them, or anything else. Likewise a message whose lines
are longer than any may be: refused, broken, or carried as it is.
"""

from itertools import product

from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.catalogue.special import LONGEST_LINE, Special
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


# Words, so that a field of them can be folded; each is there once, so that none can take the place of another.
# Around its thousandth octet there is no blank, so that who ends a line there does not fold it.
_LONG_FIELD = b"X-Over-Long: " + b" ".join(
    (
        *(b"word-%d" % number for number in range(100)),
        b"x" * 400,
        *(b"word-%d" % number for number in range(100, 200)),
    )
)
_LONG_LINE = b" ".join(b"text-%d" % number for number in range(300))
_OVER_LONG = FailureMode(
    name="lines_over_long",
    section=Section.BARE,
    staged=f"A field of the header has {len(_LONG_FIELD):,} octets in one line, with another field behind it, and a "
    f"line of the text has {len(_LONG_LINE):,}; {LONGEST_LINE:,} is the most for any.",
    kind=Kind.CONTENT,
    message=Message(
        special=Special(
            fields=(_LONG_FIELD, b"X-Behind: still a field"),
            body=b"a line\r\n" + _LONG_LINE + b"\r\nthe last line\r\n",
            over_long=True,
        )
    ),
    witness=delivered,
)

MODES = (
    _OVER_LONG,
    *(_bare(which) for which in ("cr", "lf")),
    *(_smuggled(*ends) for ends in product(_ENDS, _ENDS) if ends != ("crlf", "crlf")),
)
