"""A message to three, each in a domain of its own: what becomes of one has nothing to do with the others.

Every two of the three have every two outcomes of delivered, deferred and refused, in nine messages (an orthogonal
array). Each server that defers or refuses has words of its own, and a way of its own to do so.
"""

from conformance.catalogue.connector import SmartHosts
from conformance.catalogue.destination import EachAttempt, Host
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Elsewhere, Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import Close, Reply, Rule, Stage

OUTCOMES = ("accepted", "deferred", "refused")
_LOCALS = ("second", "third")

# What the server of each recipient does, in the order of the recipients.
_RULES: dict[str, tuple[tuple[Rule, ...], ...]] = {
    "accepted": ((), (), ()),
    "deferred": (
        (Rule(Stage.RCPT, Reply(450, "4.2.1 Mailbox busy")),),
        (Rule(Stage.GREETING, Close()),),
        (Rule(Stage.DOT, Reply(452, "4.3.1 No room")),),
    ),
    "refused": (
        (Rule(Stage.RCPT, Reply(550, "5.1.1 No such user here")),),
        (Rule(Stage.DOT, Reply(554, "5.7.1 Not this text")),),
        (Rule(Stage.RCPT, Reply(552, "5.2.2 Mailbox full")),),
    ),
}


def covering() -> list[tuple[str, ...]]:
    """Return rows of outcomes in which every two columns have every pair once (two of three decide the last one)."""
    number = len(OUTCOMES)
    rows = (
        (first, second, (first + second + 1) % number) for first in range(number) for second in range(number)
    )
    return [tuple(OUTCOMES[each] for each in row) for row in rows]


def _mix(row: tuple[str, ...]) -> FailureMode:
    first, *others = (Host(rules=_RULES[outcome][place]) for place, outcome in enumerate(row))
    return FailureMode(
        name=f"domains_{'_'.join(row)}",
        section=Section.SEVERAL_DOMAINS,
        staged="The message has three recipients in three domains, each with a server of its own, with these fates: "
        f"{', '.join(row)}.",
        kind=Kind.MIXED,
        hosts=(first,),
        message=Message(
            elsewhere=tuple(
                Elsewhere(local=local, host=host) for local, host in zip(_LOCALS, others, strict=True)
            )
        ),
        witness=fault_played,
        attempt=EachAttempt(connections=1),
    )


_WILDCARD = FailureMode(
    name="domains_wildcard",
    section=Section.SEVERAL_DOMAINS,
    staged="The message has two recipients: one in a domain below that of a connector's wildcard, whose server defers, "
    "and one below it as well for whose domain there is another connector, whose server is healthy.",
    kind=Kind.MIXED,
    routing=SmartHosts(wildcard=True),
    hosts=(Host(rules=_RULES["deferred"][0]),),
    message=Message(elsewhere=(Elsewhere(local=_LOCALS[0]),)),
    witness=fault_played,
    attempt=EachAttempt(connections=1),
)

MODES = (*(_mix(row) for row in covering()), _WILDCARD)
