"""Hands over the messages of a scenario in which there are several, and says what has become of them so far."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from conformance.catalogue.message import RECIPIENT
from conformance.evidence.inputs import Offer
from conformance.evidence.view import Evidence
from conformance.wave.adapter import Instance, SubmissionRefused
from conformance.wave.batch import message_to
from conformance.wave.player import Player
from conformance.wave.turns import Turns


async def offer(
    player: Player,
    instance: Instance,
    turn: AbstractAsyncContextManager[None] | Turns,
    local: str,
    *,
    known: bool = True,
) -> None:
    """Hand one message to the relay, and note what it said.

    Args:
        player: The scenario; its first message is the one that is judged everywhere.
        instance: The relay.
        turn: Lets so many submissions pass at a time, or `Turns.ahead`, for a message behind the first.
        local: The local part of the recipient.
        known: Whether the relay was told of this recipient, where the domain is one of its own.
    """
    first = local == RECIPIENT
    envelope = player.envelope if first else message_to(player.scenario, local)
    batch = player.scenario.failure_mode.message.batch
    if batch is not None and batch.alike:
        envelope = replace(envelope, content=player.envelope.content)
    made = Offer(
        recipient=envelope.recipients[0], known=known, content=envelope.content, at=player.journal.now()
    )
    accepted: list[float] = []
    try:
        async with turn:
            await instance.submit(envelope, lambda: accepted.append(player.journal.now()))
        made = replace(made, accepted=accepted[0])
    except SubmissionRefused as error:
        made = replace(made, refusal=str(error), refused_at=error.at)
        if first:
            player.staged = replace(player.staged, refused_for_now=error.temporary)
    if first:
        player.staged = replace(player.staged, offered=made.at, submitted=made.accepted, refusal=made.refusal)
    player.staged = replace(player.staged, offers=[*player.staged.offers, made])


def all_arrived(seen: Evidence) -> bool:
    """Tell whether every message that the relay accepted has arrived."""
    return all(_has_arrived(seen, each) for each in _taken(seen))


def all_ended(seen: Evidence) -> bool:
    """Tell whether every message that the relay accepted has arrived, or its sender was told of its end."""
    return not unended(seen)


def unended(seen: Evidence) -> list[Offer]:
    """Return the messages that the relay accepted, and of which neither is known."""
    missing = [each for each in _taken(seen) if not _has_arrived(seen, each)]
    told = set(seen.told_of(*(each.recipient for each in missing))) if missing else set()
    return [each for each in missing if each.recipient.lower() not in told]


def _taken(seen: Evidence) -> list[Offer]:
    return [each for each in seen.staged.offers if each.accepted is not None]


def _has_arrived(seen: Evidence, made: Offer) -> bool:
    return any(message.is_for(made.recipient) for message in seen.messages)
