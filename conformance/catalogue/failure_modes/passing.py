"""Refusals that are over without any repair: greylisting, and more recipients than a server takes at once."""

from conformance.catalogue.destination import Host, offer_without
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind, Message
from conformance.catalogue.section import Section
from conformance.witness.connections import fault_played
from fake_servers import OFFER, Reply, Rule, Stage

_AT_ONCE = 2  # recipients that the server takes in one transaction
_OTHERS = ("second", "third", "fourth")


def _too_many(name: str, section: Section, reply: Reply, extensions: tuple[str, ...] = OFFER) -> FailureMode:
    return FailureMode(
        name=f"too_many_recipients_{name}",
        section=section,
        staged=f"The message has {len(_OTHERS) + 1} recipients; the server takes {_AT_ONCE} in one transaction and "
        f'answers RCPT for the others with "{reply.text}".',
        kind=Kind.PASSING,
        hosts=(Host(rules=(Rule(Stage.RCPT, reply, beyond=_AT_ONCE),), extensions=extensions),),
        message=Message(also_to=_OTHERS),
        witness=fault_played,
        avoidable_because="the relay sends to each recipient in a transaction of its own",
    )


MODES = (
    FailureMode(
        name="greylisting",
        section=Section.GREYLISTING,
        staged='The server answers RCPT on the first connection with "451 4.7.1 Greylisted, try again later", and then '
        "accepts.",
        kind=Kind.PASSING,
        hosts=(
            Host(
                rules=(
                    Rule(
                        Stage.RCPT, Reply(451, "4.7.1 Greylisted, try again later"), connections=range(1, 2)
                    ),
                )
            ),
        ),
        witness=fault_played,
    ),
    _too_many("452", Section.TOO_MANY_452, Reply(452, "4.5.3 Too many recipients")),
    _too_many("552", Section.TOO_MANY_552, Reply(552, "5.5.3 Too many recipients")),
    _too_many(
        "552_without_status",
        Section.TOO_MANY_552,
        Reply(552, "Too many recipients"),
        offer_without("ENHANCEDSTATUSCODES"),
    ),
)
