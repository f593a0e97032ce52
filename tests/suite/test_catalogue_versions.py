"""What a version of the catalogue selects and judges: what came later is not in it, and changes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from stories.story import ASPECT, waiting

from conformance.catalogue import versions as catalogue_versions
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.profile import load
from conformance.catalogue.requirements import catalogue
from conformance.catalogue.scenario import Course, Scenario
from conformance.catalogue.versions import VersionError, checked, is_in, newest, versions
from conformance.judging.judge import judge
from conformance.judging.verdict import Verdict
from conformance.suite import asked_in, digest_of, profile_of


def _names(version: str) -> list[str]:
    return [aspect.test_name(scenario) for aspect, scenario in asked_in(version)]


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Add a failure mode below an old section, as a newer version of this suite would."""
    mode = replace(ALL["connection_refused"], name="connection_refused_anew")
    monkeypatch.setitem(ALL, mode.name, mode)  # type: ignore[arg-type]
    load.cache_clear()
    digest_of.cache_clear()
    yield mode.name
    load.cache_clear()
    digest_of.cache_clear()


def test_a_mode_that_is_added_under_an_old_row_is_in_no_older_version(
    request: pytest.FixtureRequest,
) -> None:
    older = [name for name in versions() if name != newest()]
    before = {name: (_names(name), digest_of(name)) for name in older}
    mode: str = request.getfixturevalue("added")
    assert {name: (_names(name), digest_of(name)) for name in older} == before
    assert f"test_error_code[{mode}]" in _names(newest())


def test_an_aspect_that_reaches_further_reaches_no_further_in_older_versions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide = replace(ASPECT["retried"], courses=(*ASPECT["retried"].courses, Course.DAY), only={})
    scenario = Scenario(failure_mode=ALL["connection_refused"], course=Course.DAY)
    assert wide.reads(scenario.failure_mode, Course.DAY)
    assert wide.is_in(newest(), scenario)
    assert not any(wide.is_in(name, scenario) for name in versions() if name != newest())


def test_each_version_has_what_the_one_before_has() -> None:
    before: set[str] = set()
    for name in versions():
        now = set(_names(name))
        assert before <= now
        before = now


def test_the_first_version_is_the_first_hour() -> None:
    names = _names("0.1")
    assert "test_error_code[connection_refused]" in names
    assert not any("mx_null" in name or name.startswith("test_expires") for name in names)


def test_what_newer_requirements_ask_does_not_count() -> None:
    """`stays_queued.kept` has a row since 0.1, and `survives.survived` one since 0.4."""
    story = waiting("connection_refused")
    for name, verdict in (("0.3", Verdict.NOT_APPLICABLE), ("0.4", Verdict.PASS)):
        found = judge(ASPECT["survives"], story.scenario, story.record(), profile_of("eop", name))
        assert found.verdict is verdict, name
        kept = judge(ASPECT["stays_queued"], story.scenario, story.record(), profile_of("eop", name))
        assert [finding.requirement for finding in kept.findings] == ["queue/kept"]


def test_the_same_record_is_judged_anew_for_another_version() -> None:
    story = waiting("connection_refused")
    record = story.record()
    verdicts = [
        judge(ASPECT["survives"], story.scenario, record, profile_of("eop", name)).verdict
        for name in ("0.3", "0.4", "0.3")
    ]
    assert verdicts == [Verdict.NOT_APPLICABLE, Verdict.PASS, Verdict.NOT_APPLICABLE]


def test_a_profile_of_an_older_version_judges_no_newer_requirement() -> None:
    for name in versions():
        profile = profile_of("rfc", name)
        for aspect, scenario in asked_in(name):
            assert all(
                is_in(catalogue()[row].since, name) for row in aspect.judges(scenario.failure_mode, profile)
            )
            if aspect.judges(scenario.failure_mode, profile):
                assert is_in(aspect.main_requirement(scenario.failure_mode, profile).since, name)


def test_a_version_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(VersionError, match=r"there is no catalogue '9\.9'; there are 0\.1, 0\.2, 0\.3"):
        checked("9.9")
    with pytest.raises(VersionError):
        profile_of("eop", "")


def test_versions_are_in_the_order_of_their_numbers() -> None:
    assert is_in("0.9", "0.10")
    assert not is_in("0.10", "0.9")
    assert catalogue_versions.newest() == list(versions())[-1]


def test_a_digest_tells_versions_apart_and_is_the_same_each_time() -> None:
    digests = [digest_of(name) for name in versions()]
    assert len(set(digests)) == len(digests)
    digest_of.cache_clear()
    assert [digest_of(name) for name in versions()] == digests
