"""What is due to each of several messages, and each two of the named sets are staged together."""

from __future__ import annotations

from itertools import combinations, product

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes.after_final import REFUSED_AND_LOST, SETS
from conformance.catalogue.failure_modes.batches import OFFERS_USED_AGAIN
from conformance.catalogue.message import Batch, Message, members
from conformance.catalogue.recipients import due
from conformance.target import Outcome


def test_every_pair_of_stage_ending_and_offer_is_staged() -> None:
    for first, second in combinations(range(len(SETS)), 2):
        wanted = set(product(SETS[first], SETS[second]))
        staged = {(chosen[first], chosen[second]) for chosen in REFUSED_AND_LOST}
        assert staged == wanted, f"{len(staged & wanted)} of {len(wanted)} pairs"


def test_connections_are_used_again_with_pipelining_and_without() -> None:
    assert len(set(OFFERS_USED_AGAIN.values())) == 2, "each offer in turn"


def test_the_first_of_several_is_the_one_that_is_judged_everywhere() -> None:
    assert members(3) == ("recipient", "recipient-2", "recipient-3")
    assert Message(batch=Batch(count=3)).everybody == members(3)
    assert Message(also_to=("other",)).everybody == ("recipient", "other")


def test_a_refusal_of_one_recipient_or_of_the_message_to_it_is_permanent() -> None:
    outcomes = due(ALL["several_some_refused"])
    assert list(outcomes) == list(members(6))
    assert [who for who, outcome in outcomes.items() if outcome is Outcome.PERMANENT] == [
        "recipient-2",
        "recipient-4",
    ]


def test_what_is_said_to_all_is_due_to_nobody() -> None:
    assert set(due(ALL["backlog_busy"]).values()) == {Outcome.DELIVERED}
    assert due(ALL["one_of_several_busy"])["recipient"] is Outcome.DEFERRED
