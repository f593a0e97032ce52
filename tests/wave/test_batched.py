"""Several messages of one scenario: together or one after the other, with a repair or without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from jumping_clock import in_jumping_time
from stories.staging import GRANTED, header, scenario_of
from test_closing import TURN, Wave

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import members
from conformance.target import Envelope
from conformance.wave.adapter import SubmissionRefused
from conformance.wave.batched import play_batch
from conformance.wave.turns import Turns
from conformance.wave.windows import expected_window, waits_in_a_row


async def played(mode: str, submit: Callable[[Any], Any] | None = None) -> Wave:
    wave = Wave(scenario_of(mode))
    if submit is not None:
        wave.relay.submit = submit(wave.relay.submit)  # type: ignore[method-assign]
    async with wave.watched():
        await play_batch(wave.players[0], wave.watch, Turns(TURN))
    return wave


def arrivals(wave: Wave) -> list[float]:
    return [message.at for message in wave.players[0].evidence().messages]


@in_jumping_time
async def test_they_are_submitted_together_and_waited_for() -> None:
    wave = await played("several_some_refused")
    staged = wave.players[0].staged
    assert {offer.recipient.partition("@")[0] for offer in staged.offers} == set(members(6))
    assert len({offer.content for offer in staged.offers}) == 6, "each with a content of its own"
    assert max(offer.at for offer in staged.offers[1:]) <= min(arrivals(wave)[1:])
    assert staged.closed is not None
    assert staged.closed >= max(arrivals(wave)) + wave.players[0].longest_wait()
    assert staged.repaired is None


@in_jumping_time
async def test_one_message_is_the_same_for_each_recipient() -> None:
    for mode in ("one_message_id_in_turn", "one_message_id_waiting"):
        offers = (await played(mode)).players[0].staged.offers
        assert [offer.recipient.partition("@")[0] for offer in offers] == list(members(3))
        assert len({offer.content for offer in offers}) == 1


@in_jumping_time
async def test_each_is_submitted_when_the_one_before_has_come_to_its_end() -> None:
    wave = await played("one_after_another")
    offers = wave.players[0].staged.offers
    assert [offer.recipient.partition("@")[0] for offer in offers] == list(members(4))
    assert all(arrived <= later.at for arrived, later in zip(arrivals(wave), offers[1:], strict=False))


@in_jumping_time
async def test_the_destination_is_repaired_though_nobody_met_the_fault() -> None:
    wave = await played("backlog_busy")
    staged = wave.players[0].staged
    assert staged.repaired is not None
    assert staged.closed is not None
    assert max(offer.accepted or 0.0 for offer in staged.offers) < staged.repaired < staged.closed


@in_jumping_time
async def test_where_the_first_is_not_taken_nothing_is_offered_any_more() -> None:
    def refusing(_: Any) -> Any:
        async def submit(envelope: Envelope, accepted: Callable[[], None]) -> None:
            raise SubmissionRefused("550 5.7.1 Not from you", at="MAIL")

        return submit

    staged = (await played("several_some_refused", refusing)).players[0].staged
    assert [offer.refusal for offer in staged.offers] == ["550 5.7.1 Not from you"]
    assert (staged.submitted, staged.refusal) == (None, "550 5.7.1 Not from you")
    assert staged.closed is not None


@in_jumping_time
async def test_one_that_is_not_taken_is_not_waited_for() -> None:
    def refusing(submit: Any) -> Any:
        async def some(envelope: Envelope, accepted: Callable[[], None]) -> None:
            if envelope.recipients[0].startswith("recipient-3@"):
                raise SubmissionRefused("452 4.3.1 Not now", at="MAIL", temporary=True)
            await submit(envelope, accepted)

        return some

    wave = await played("several_some_refused", refusing)
    staged = wave.players[0].staged
    assert [offer.refusal for offer in staged.offers if offer.refusal] == ["452 4.3.1 Not now"]
    assert not staged.refused_for_now, "that is said of the first"
    assert staged.closed is not None
    assert staged.closed - max(arrivals(wave)) < 2 * wave.players[0].longest_wait() + 3.0


@pytest.mark.parametrize(
    ("mode", "waits"),
    [
        ("several_some_refused", 1),
        ("used_again_421", 6),
        ("crowded_451", 9),
        ("backlog_hangs", 1),
        ("plain", 1),
    ],
)
def test_a_relay_may_come_with_one_after_the_other_where_a_server_takes_few(mode: str, waits: int) -> None:
    assert waits_in_a_row(ALL[mode]) == waits


@pytest.mark.parametrize("mode", [name for name, mode in ALL.items() if mode.kind == "batch"])
def test_no_window_is_longer_than_that_of_an_endless_reply(mode: str) -> None:
    longest = expected_window(scenario_of("endless_at_greeting"), GRANTED, header())
    assert expected_window(scenario_of(mode), GRANTED, header()) <= longest
