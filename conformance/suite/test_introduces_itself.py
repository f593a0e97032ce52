"""A relay introduces itself by a name that means something to others, and when it is its turn."""

from __future__ import annotations

import re

from conformance.judging.aspect import Case, Course, FailureMode, Finding, Kind, aspect
from conformance.judging.verdict import NotApplicable
from fake_servers import Stage
from fake_servers.events import SmtpReceived

# A host name of one label (RFC 1123, section 2.1).
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
_GREETINGS = ("EHLO", "HELO")


@aspect(
    Course.HEALTHY,
    kinds=(Kind.CONTROL,),
    only=("plain", "verified_tls", "plain_mx", "slow"),
    place=197,
    requirements={"name": "session/own-name", "turn": "session/greeting-awaited"},
)
def test_introduces_itself(case: Case) -> list[Finding]:
    """The argument of EHLO or HELO is a name of more than one label, or an address in brackets.

    A greeting that takes its time comes before all that is said.
    Which name is not looked at: a relay that is given another one than it was told to use may have several. One label
    that a machine may be called by, other than localhost, is no finding: so does a relay call itself whose adapter did
    not hand it `RelayConfig.hostname`.
    """
    said = [event.line for event in case.evidence.of(SmtpReceived)]
    greetings = [line for line in said if line.partition(" ")[0].upper() in _GREETINGS]
    if not greetings:
        raise NotApplicable("the relay said neither EHLO nor HELO")
    turn = [_in_turn(case)] if _greets_slowly(case.mode) else []
    wrong = [line for line in greetings if not _is_qualified(_name(line))]
    if wrong and all(_may_be_the_machine(_name(line)) for line in wrong):
        raise NotApplicable(
            f"the relay calls itself {_name(wrong[0])!r}, as its machine may be called: the adapter has a name for it, "
            "`config.hostname`"
        )
    return [
        case.finding(
            "introduces_itself.name",
            holds=not wrong,
            expected="a full domain name, or an address literal",
            observed=repr((wrong or greetings)[0]),
        ),
        *turn,
    ]


def _greets_slowly(mode: FailureMode) -> bool:
    return any(rule.stage is Stage.GREETING for host in mode.hosts for rule in host.rules)


def _in_turn(case: Case) -> Finding:
    """Return whether the first command of each connection came after the greeting."""
    first = [next(iter(connection.commands), None) for connection in case.evidence.connections]
    early = [command for command in first if command is not None and command.ahead]
    seen = [f"{command.line.partition(' ')[0]} at {case.evidence.when(command.at)}" for command in early]
    return case.finding(
        "introduces_itself.turn",
        holds=not early,
        expected="nothing said before the greeting",
        observed=f"{', '.join(seen)}, before it" if seen else "so it was",
    )


def _name(greeting: str) -> str:
    return greeting.partition(" ")[2].strip()


def _may_be_the_machine(name: str) -> bool:
    return _LABEL.fullmatch(name) is not None and name.lower() != "localhost"


def _is_qualified(name: str) -> bool:
    if name.startswith("["):
        return name.endswith("]") and len(name) > len("[]")
    return "." in name.strip(".")
