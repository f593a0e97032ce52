"""A relay that declares the size of a message declares the size of that message."""

from __future__ import annotations

import re

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from fake_servers.events import SmtpReceived

_SIZE = re.compile(r"\sSIZE=(\d+)(?=\s|$)", re.IGNORECASE)
# An estimate: so many times more or less is still one.
_WITHIN = 2


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    only=("big",),
    place=233,
    requirements={"size": "offers/size-true"},
)
def test_declares_size(case: Case) -> list[Finding]:
    """SIZE is between half and twice the octets that are sent; whether it is declared at all is the relay's affair.

    It is an estimate (RFC 1870 section 1): a relay may count line ends or its own fields otherwise than they are in
    the end, or not know yet how the text will be encoded.
    """
    messages = case.evidence.messages
    if not messages:
        raise NotApplicable("nothing arrived", see="carries")
    lines = [event.line for event in case.evidence.of(SmtpReceived)]
    declared = [
        int(found[1]) for line in lines if line[:5].upper() == "MAIL " and (found := _SIZE.search(line))
    ]
    if not declared:
        raise NotApplicable("the relay declared no size")
    sent = len(messages[0].content)
    wrong = [size for size in declared if not sent <= _WITHIN * size or not size <= _WITHIN * sent]
    return [
        case.finding(
            "declares_size.size",
            holds=not wrong,
            expected=f"about the {sent} octets that were sent",
            observed=f"SIZE={(wrong or declared)[0]}",
        )
    ]
