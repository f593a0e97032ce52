"""A message that is refused for good, and a server of the sender's own domain at which its report fares badly.

Each way to fare badly at each stage at which it can be, and a name that nobody knows. What fails for now is mended
after two attempts; what is refused for good is not.
"""

from itertools import product

from conformance.catalogue.destination import DnsName, EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.catalogue.way_back import WayBack
from conformance.witness.attempts import Witness
from conformance.witness.connections import fault_played, offered, stalled
from conformance.witness.dns import query_failed
from fake_servers import Action, Close, NxDomain, Reply, Rule, Stage, Stall

_REFUSED = Reply(550, "5.1.1 No such user here")

# Where a report can be refused: its null reverse-path (which nobody should refuse, and many do), its recipient, itself.
STAGES = {"mail": Stage.MAIL, "rcpt": Stage.RCPT, "dot": Stage.DOT}

# How it can fare there, with what the server does in words.
WAYS: dict[str, tuple[Action, str]] = {
    "deferred": (Reply(451, "4.7.1 Come back later"), 'answers {stage} with "451 4.7.1 Come back later"'),
    "refused": (Reply(550, "5.7.1 Not taken here"), 'answers {stage} with "550 5.7.1 Not taken here"'),
    "closed": (Close(), "closes the connection in place of a reply to {stage}"),
    "silent": (Stall(), "falls silent in place of a reply to {stage}"),
}
_WORDS = {"mail": "MAIL", "rcpt": "RCPT", "dot": "the final dot"}


def _mode(name: str, does: str, host: Host, witness: Witness, timeout: Timeout | None = None) -> FailureMode:
    back = WayBack(host=host, witness=witness, attempt=EachAttempt(timeout=timeout))
    return FailureMode(
        name=f"report_{name}",
        section=Section.WAY_BACK,
        staged=f'The server answers RCPT with "550 5.1.1 No such user here"; that of the sender\'s domain {does}.',
        kind=Kind.REPORTED,
        hosts=(Host(rules=(Rule(Stage.RCPT, _REFUSED),)),),
        way_back=back,
        witness=fault_played,
    )


def _at(how: str, where: str) -> FailureMode:
    action, words = WAYS[how]
    silent = isinstance(action, Stall)
    return _mode(
        f"{how}_at_{where}",
        words.format(stage=_WORDS[where]),
        Host(rules=(Rule(STAGES[where], action),)),
        stalled if silent else fault_played,
        Timeout.COMMAND if silent else None,
    )


MODES = (
    *(_at(how, where) for how, where in product(WAYS, STAGES)),
    _mode("to_plain_server", "offers nothing at EHLO", Host(extensions=()), offered(())),
    _mode(
        "to_unknown_host",
        "has a name that does not exist",
        Host(dns=DnsName(answer=NxDomain())),
        query_failed,
    ),
)
