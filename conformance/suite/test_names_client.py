"""The trace field that a relay adds names whoever handed the message over, as that one named itself."""

from __future__ import annotations

import ipaddress
import re

from conformance.evidence.inputs import CLIENT
from conformance.judging import trace
from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from fake_servers.events import ClientSent

# What was said in EHLO stands before who took the message (RFC 5321 section 4.4).
_FROM = re.compile(r"\s*from\s+(.*?)\s+by\s", re.IGNORECASE | re.DOTALL)
# That name, from its beginning to its end.
_NAMED = re.compile(rf"(?<![\w.-]){re.escape(CLIENT)}(?![\w-]|\.[\w.])", re.IGNORECASE)
_LITERAL = re.compile(r"\[([^\[\]]*)\]")
_TAG = "ipv6:"


@aspect(
    Course.PERSISTS,
    kinds=(Kind.CONTENT,),
    only=("line_of_998", "leading_dots"),
    place=199,
    requirements={
        "named": "trace/client-named",
        "address": "trace/client-address",
        "protocol": "trace/protocol",
    },
)
def test_names_client(case: Case) -> list[Finding]:
    """The first Received field behind the submission has the name given in EHLO, among whatever else is said of it.

    What stands in square brackets there is an address, and what is said of the protocol a kind of SMTP, where
    anything is.

    A relay whose field does not say from whom it had the message has nothing that could be wrong, and of one that was
    handed the message in another way than by our SMTP client nobody knows what it was told.
    """
    if not any(case.evidence.of(ClientSent)):
        raise NotApplicable("the message was not handed over by our own SMTP client")
    if not case.evidence.messages:
        raise NotApplicable("nothing arrived", see="carries")
    added = trace.added(case.evidence.messages[0].content, case.evidence.staged.content)
    clause = _FROM.match(added[-1]) if added else None
    if clause is None:
        raise NotApplicable("the relay adds no Received field that says from whom it had the message")
    said = " ".join(clause[1].split())
    findings = [
        case.finding(
            "names_client.named",
            holds=_NAMED.search(said) is not None,
            expected=f"from {CLIENT}, as it was said in EHLO",
            observed=f"from {said}",
            conclusive=True,
        )
    ]
    literals = _LITERAL.findall(said)
    if literals:
        findings.append(
            case.finding(
                "names_client.address",
                holds=any(map(_is_address, literals)),
                expected="an IP address in square brackets",
                observed=f"from {said}",
                conclusive=True,
            )
        )
    protocol = trace.protocol(added[-1])
    if protocol is not None:
        findings.append(
            case.finding(
                "names_client.protocol",
                holds="smtp" in protocol.lower(),
                expected="with SMTP of some kind",
                observed=f"with {protocol or 'nothing'}",
                conclusive=True,
            )
        )
    return findings


def _is_address(literal: str) -> bool:
    """Tell whether it is an IP address, and one of IPv6 if it says so; one of those need not."""
    tagged = literal.lower().startswith(_TAG)
    try:
        address = ipaddress.ip_address(literal[len(_TAG) :] if tagged else literal)
    except ValueError:
        return False
    return address.version == 6 or not tagged
