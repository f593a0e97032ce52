"""What servers offer is staged so that each two traits meet, and what is handed over meets each offer of it."""

from __future__ import annotations

from itertools import combinations, product

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.failure_modes.offers import MORE, OFFERS, SIZES


def test_every_pair_of_what_is_offered_is_staged() -> None:
    sets = {"size": tuple(SIZES), "more": MORE, "mixed_case": (False, True), "tls": (False, True)}
    for first, second in combinations(sets, 2):
        staged = {(getattr(row, first), getattr(row, second)) for row in OFFERS}
        assert staged == set(product(sets[first], sets[second])), (first, second)


def test_every_content_meets_every_offer_of_it() -> None:
    utf8 = product(("header", "address"), ("offered", "not_offered", "offered_by_the_second"))
    wishes = product(("passed_on", "not_offered"), ("success", "never", "nothing"))
    eight_bit = (
        "eight_bit",
        "eight_bit_not_offered",
        "eight_bit_offered_in_clear",
        "eight_bit_offered_under_tls",
    )
    assert {f"utf8_{what}_{where}" for what, where in utf8} <= ALL.keys()
    assert {f"dsn_{where}_{what}" for where, what in wishes} <= ALL.keys()
    assert set(eight_bit) <= ALL.keys()
