"""A relay introduces itself by a name that means something to others."""

from __future__ import annotations

from conformance.judging.aspect import Case, Course, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from fake_servers.events import SmtpReceived

_GREETINGS = ("EHLO", "HELO")


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    only=("plain", "verified_tls", "plain_mx"),
    place=197,
    requirements={"name": "session/own-name"},
)
def test_introduces_itself(case: Case) -> list[Finding]:
    """The argument of EHLO or HELO is a name of more than one label, or an address in brackets.

    Which name is not looked at: a relay that is given another one than it was told to use may have several.
    """
    said = [event.line for event in case.evidence.of(SmtpReceived)]
    greetings = [line for line in said if line.partition(" ")[0].upper() in _GREETINGS]
    if not greetings:
        raise NotApplicable("the relay said neither EHLO nor HELO")
    wrong = [line for line in greetings if not _is_qualified(line.partition(" ")[2].strip())]
    return [
        case.finding(
            "introduces_itself.name",
            holds=not wrong,
            expected="a full domain name, or an address literal",
            observed=repr((wrong or greetings)[0]),
        )
    ]


def _is_qualified(name: str) -> bool:
    if name.startswith("["):
        return name.endswith("]") and len(name) > len("[]")
    return "." in name.strip(".")
