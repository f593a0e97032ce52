"""A few mutants as relays that find their way by MX records alone; `python -m mutants --mx-only` runs all."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.target import Capability
from conformance.targets.resolve import resolve

from .__main__ import MX_ONLY, run
from .catalogue import MUTANTS
from .mx_only import as_mx_only
from .verdicts import Result
from .waves import TESTS

# Of each layer: codes, the queue, several hosts, several recipients, content, reports.
_REPRESENTATIVE = (
    "wrong_code_for_refused",
    "hides_deferred_messages",
    "duplicates_after_recovery",
    "retries_5yz",
    "one_deferral_defers_all",
    "alters_the_body",
    "keeps_a_refused_report",
    "delivers_twice_after_two_faults",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    folder: Path = tmp_path_factory.mktemp("mx-only")
    mutants = [mutant for name in _REPRESENTATIVE if (mutant := as_mx_only(MUTANTS[name])) is not None]
    return {result.mutant.name: result for result in run(mutants, folder, module=MX_ONLY)}


@pytest.mark.staged
@pytest.mark.parametrize("name", _REPRESENTATIVE)
def test_a_mutant_is_caught_by_the_same_whichever_way_it_finds(results: dict[str, Result], name: str) -> None:
    result = results[name]
    assert result.missed == []
    assert result.collateral == []
    assert result.caught != []


def test_they_can_be_given_no_smart_host() -> None:
    target = resolve(f"{MX_ONLY}:retries_5yz", [str(TESTS)])
    assert Capability.MX in target.capabilities
    assert Capability.SMART_HOST not in target.capabilities


def test_what_is_caught_at_mail_exchangers_or_addresses_alone_is_left_out() -> None:
    left_out = [name for name, mutant in MUTANTS.items() if as_mx_only(mutant) is None]
    assert 0 < len(left_out) < len(MUTANTS) / 2
    named = {mode for name in left_out for each in MUTANTS[name].caught for mode in each.modes}
    assert any(mode.startswith("mx_") for mode in named)
    assert "literal_ipv4" in {each for name in left_out for each in MUTANTS[name].scenarios}
