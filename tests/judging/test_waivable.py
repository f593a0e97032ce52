"""Waivers that can never apply, and what is said instead."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from conformance.catalogue.profile import NAMES
from conformance.catalogue.versions import newest, versions
from conformance.judging.aspect import Aspect
from conformance.judging.waivable import check_waivable
from conformance.suite import ASPECTS, profile_of
from conformance.waivers import WaiverError, load

PROFILES = [profile_of(name) for name in NAMES]


def _check(
    folder: Path,
    requirement: str,
    aspect: str,
    modes: Sequence[str],
    *,
    profiles: Sequence[str] = NAMES,
    catalogue: str = "",
) -> None:
    file = folder / "waivers.toml"
    file.write_text(
        f'catalogue = "{catalogue or newest()}"\n[[waiver]]\nverdict = "fail"\nrequirement = "{requirement}"\n'
        + (f'aspect = "{aspect}"\n' if aspect else "")
        + f'failure_modes = {list(modes)}\nobserved = "*"\nreason = "x"\nexpires = 2026-12-31\n',
        encoding="utf-8",
    )
    waivers = load(file, aspects=[each.name for each in ASPECTS], today=date(2026, 11, 29))
    check_waivable(waivers, ASPECTS, [profile_of(name) for name in profiles])


@pytest.mark.parametrize(
    ("requirement", "aspect", "mode"),
    [
        ("rfc/queued", "stays_queued", "greeting_421"),
        ("rfc/queued", "stays_queued", "greeting_421-healed"),
        ("rfc/queued", "", "greeting_421"),
        ("rfc/queued", "stays_queued", "greeting_*"),
        ("schedule/exactly-once", "exactly_once", "connection_refused+dns_servfail+healthy"),
        ("queue/kept", "error_code", "dns_servfail"),
        ("rfc/queued", "error_code", "dns_servfail"),
        ("ndr/nothing-invented", "ndr_compressed", "dns_servfail"),
    ],
)
def test_a_row_that_can_apply(tmp_path: Path, requirement: str, aspect: str, mode: str) -> None:
    _check(tmp_path, requirement, aspect, [mode])


@pytest.mark.parametrize(
    ("requirement", "aspect", "mode", "words"),
    [
        (
            "rfc/queued",
            "expires",
            "greeting_421",
            "expires does not judge rfc/queued there; .* judged by error_code, stays_queued$",
        ),
        (
            "rfc/queued",
            "expires",
            "greeting_*",
            "failure_modes has 'greeting_.', and expires does not judge rfc/queued",
        ),
        (
            "rfc/queued",
            "stays_queued",
            "greeting_421-healed_1h",
            "stays_queued does not judge .*; it is judged for greeting_421-healed$",
        ),
        (
            "mx/self-undeliverable",
            "",
            "dns_servfail",
            "nothing judges mx/self-undeliverable there; .* judged by .*returned_at_once.*, for other",
        ),
    ],
)
def test_one_that_cannot(tmp_path: Path, requirement: str, aspect: str, mode: str, words: str) -> None:
    with pytest.raises(WaiverError, match=rf"waivers\.toml, row 1 \({requirement}\): .*{words}"):
        _check(tmp_path, requirement, aspect, [mode])


@pytest.mark.parametrize("aspect", ASPECTS, ids=lambda aspect: aspect.name)
def test_whoever_makes_findings_past_its_own_slots_says_so(aspect: Aspect) -> None:
    """Else a row for one of them would be refused."""
    source = inspect.getsource(inspect.getmodule(aspect.judge))  # type: ignore[arg-type]
    makes_some = re.search(r"return Finding\(|replace\(case, requirements=", source)
    assert bool(aspect.borrowed) == bool(makes_some)


def test_one_name_that_can_apply_excuses_no_other(tmp_path: Path) -> None:
    _check(tmp_path, "mx/self-undeliverable", "", ["mx_relay_is_best"])
    with pytest.raises(WaiverError, match="failure_modes has 'dns_servfail'"):
        _check(tmp_path, "mx/self-undeliverable", "", ["mx_relay_is_best", "dns_servfail"])


def test_what_only_another_profile_asks(tmp_path: Path) -> None:
    """Of a file that names no profile any of them may ask it."""
    asked = {
        profile.name: {
            row
            for aspect in ASPECTS
            for scenario in aspect.scenarios()
            for row in aspect.judges(scenario.failure_mode, profile)
            if aspect.name == "stays_queued" and scenario.failure_mode.name == "greeting_421"
        }
        for profile in PROFILES
    }
    only = sorted(asked["rfc"] - asked["eop"])[0]
    _check(tmp_path, only, "stays_queued", ["greeting_421"])
    with pytest.raises(WaiverError, match=r"profile eop nothing judges it|for other failure modes"):
        _check(tmp_path, only, "stays_queued", ["greeting_421"], profiles=["eop"])


def test_what_is_newer_than_the_file(tmp_path: Path) -> None:
    older, *_ = versions()
    reached = next(each for each in ASPECTS if each.name == "destination_server")
    newer = next(each for each in reached.scenarios() if not reached.is_in(older, each))
    mode = newer.failure_mode.name
    _check(tmp_path, "error/destination-server", "destination_server", [mode])
    with pytest.raises(WaiverError, match=mode):
        _check(tmp_path, "error/destination-server", "destination_server", [mode], catalogue=older)
