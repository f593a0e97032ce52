"""A relay puts a Received field of its own on what it passes on."""

from __future__ import annotations

import re
from email.utils import parsedate_tz

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable

_HEADER = re.compile(rb"\r\n\r\n")
_FIELD = re.compile(rb"\r\n(?![ \t])")
_NAME = b"received:"
# One within a comment is another one; comments may stand in front of a date (RFC 5322 section 4.3).
_SEMICOLON = re.compile(r";\s*(?:\([^()]*\)\s*)*")


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    only=("header_alone",),
    place=198,
    requirements={"trace": "content/trace"},
)
def test_leaves_trace(case: Case) -> list[Finding]:
    """What arrives has a Received field with a semicolon and a date and time; it was submitted without any.

    It is asked of what was taken by SMTP, as this message always is: who submits by a command may do without.
    Whatever else such a field says, and in which order, is not looked at: of several fields one is enough. A comment
    may follow the date, and the time zone may have a name.
    """
    if not case.evidence.messages:
        raise NotApplicable("nothing arrived", see="carries")
    fields = _received(case.evidence.messages[0].content)
    dates = [date for field in fields if (date := _date_of(field))]
    if dates:
        observed = f"it ends in {dates[0]}"
    elif fields:
        observed = f"{fields[0]!r}, and no date"
    else:
        observed = "there is no Received field"
    return [
        case.finding(
            "leaves_trace.trace",
            holds=bool(dates),
            expected="a Received field that ends in a semicolon and a date",
            observed=observed,
        )
    ]


def _date_of(field: str) -> str:
    """Return the date and time behind a semicolon, with what follows; empty: behind none of them is one."""
    tails = (field[found.end() :].strip() for found in _SEMICOLON.finditer(field))
    return next((tail for tail in tails if parsedate_tz(tail)), "")


def _received(content: bytes) -> list[str]:
    """Return the Received fields of a message, each in one line."""
    header = _HEADER.split(content, maxsplit=1)[0]
    return [
        " ".join(field.decode("ascii", "replace").split())
        for field in _FIELD.split(header)
        if field.lower().startswith(_NAME)
    ]
