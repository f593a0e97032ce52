from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from stories.staging import TOLD

from conformance import suite
from conformance.catalogue import profile
from conformance.catalogue.course import STOPS
from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.message import Kind
from conformance.catalogue.profile import NAMES, Check, ProfileError, load
from conformance.catalogue.requirements import Level, catalogue
from conformance.catalogue.section import Section
from conformance.evidence import codes
from conformance.judging.code_check import compare
from conformance.suite import REQUIREMENTS, profile_of
from conformance.target import Outcome

BROKEN = [mode for mode in ALL.values() if mode.fails]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that loads a profile from text; its base, if any, is one that comes with the suite."""
    shipped = Path(profile.__file__).parent / "profiles"

    def write(text: str) -> profile.Profile:
        for file in shipped.glob("*.toml"):
            (tmp_path / file.name).write_text(file.read_text())
        (tmp_path / "own.toml").write_text(text)
        monkeypatch.setattr(profile, "files", lambda _: tmp_path)
        monkeypatch.setattr(profile, "NAMES", (*NAMES, "own"))
        return load.__wrapped__("own")

    return write


def _row(keys: str, check: str = 'what = "status", any = ["4.4.1"], requirement = "dns/error-code"') -> str:
    return f"""
[[row]]
{keys}
source = "here"
[[row.outcomes]]
outcome = "deferred"
checks = [{{ {check} }}]
"""


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_with_the_suite_serves_every_aspect_of_every_failure_mode(name: str) -> None:
    loaded = load(name)
    # no RFC has a word on the subject of an expired message's Status, or on the order of a queue, and RFC 5321
    # section 4.5.4.1 lets a notification end sooner; nor on when a refusal is reported while somebody else waits
    unsaid = {
        "ndr_status.cause",
        "drains.order",
        "no_ndr.notification_kept",
        "no_ndr.given_up",
        "each_recipient.promptly",
    }
    unsaid |= {"rejected_at_once.code"}  # nor does any have that code
    assert {slot for slot in REQUIREMENTS if not loaded.asks(slot)} == (unsaid if name == "rfc" else set())
    assert profile_of(name) is loaded
    assert loaded.expired_by in dict(STOPS)
    assert set(loaded.by_section) <= {mode.section for mode in ALL.values()}
    assert set(loaded.rows) == {mode.name for mode in BROKEN}
    for row in loaded.rows.values():
        assert row.source
        for outcome in row.outcomes:
            # what is delivered has no error
            assert bool(outcome.checks) is (outcome.outcome is not Outcome.DELIVERED)
            # else an error could go unjudged; where no code is asked for, nothing shown is not applicable
            assert name == "rfc" or not any(check.if_shown for check in outcome.checks[:1])
            for check in outcome.checks:
                assert check.what in ("code", "status")
                assert check.preferred in ("", *check.any)


@pytest.mark.parametrize("name", NAMES)
def test_every_pattern_is_one_that_some_code_fits(name: str) -> None:
    for row in load(name).rows.values():
        for outcome in [each for each in row.outcomes if each.outcome is not Outcome.DELIVERED]:
            digit = {Outcome.DEFERRED: "4", Outcome.PERMANENT: "5"}[outcome.outcome]
            for check in outcome.checks:
                for pattern in [each for each in check.any if each != "{replied}"]:
                    value = pattern.replace("*", "9").replace("yz", "50")
                    assert codes.matches(pattern, value)
                    assert value.startswith(digit)
                    assert (len(value.split(".")) == 3) is (check.what == "status")


def test_the_source_document_to_the_letter() -> None:
    for mode in (ALL[name] for name in TOLD):
        outcome = load("eop").accepted(mode, Outcome.DEFERRED)
        assert outcome is not None
        assert [check.any for check in outcome.checks if check.what == "code"] == [["450"]]
        [status] = [check for check in outcome.checks if check.what == "status"]
        assert mode.section in status.any
        assert all(catalogue()[check.requirement].level is Level.MUST for check in outcome.checks)
        assert load("eop").accepted(mode, Outcome.PERMANENT) is None


def test_what_is_refused_for_good_is_nowhere_deferred() -> None:
    for mode in (mode for mode in BROKEN if mode.kind is Kind.PERMANENT):
        for name in NAMES:
            assert load(name).accepted(mode, Outcome.DEFERRED) is None
            assert load(name).accepted(mode, Outcome.PERMANENT) is not None


def test_when_a_report_must_have_come(write: Any) -> None:
    assert {name: load(name).expired_by for name in NAMES} == {
        "eop": "25h05",
        "eop-observed": "25h05",
        "rfc": "30h",
    }
    assert {name: load(name).any_lifetime for name in NAMES} == {
        "eop": False,
        "eop-observed": False,
        "rfc": True,
    }
    own = 'about = "x"\nextends = "eop"\n[limits]\nexpired_by = "24h15"\n'
    assert write(own + _row('sections = ["4.4.312"]')).expired_by == "24h15"


def test_every_row_of_the_catalogue_is_served_by_some_profile() -> None:
    served = set[str]().union(*(load(name).served(REQUIREMENTS) for name in NAMES))
    assert served == set(catalogue())


def test_a_row_by_name_wins_over_a_row_by_section(write: Any) -> None:
    named = _row(
        'failure_modes = ["dns_nodata"]', 'what = "code", any = ["450"], requirement = "dns/error-code"'
    )
    for text in (named + _row('sections = ["4.4.312"]'), _row('sections = ["4.4.312"]') + named):
        own = write(f'about = "x"\nextends = "eop"\n{text}')
        assert own.rows["dns_nodata"].outcomes[0].checks[0].what == "code"
        assert own.rows["dns_nxdomain"].outcomes[0].checks[0].any == ["4.4.1"]
        assert own.rows["connect_timeout"] == load("eop").rows["connect_timeout"]


def _row_behind(own: profile.Profile, slot: str) -> str:
    return own.requirement(slot, ALL["dns_nxdomain"], REQUIREMENTS[slot]).id


def test_what_is_extended_is_replaced_slot_by_slot(write: Any) -> None:
    own = write(
        'about = "x"\nextends = "eop"\n[aspects]\n"retried.again" = "rfc/retried"\n'
        '[sections."4.4.312"]\n"error_detail.cause" = "rfc/diagnostic-cause"\n'
        + _row('sections = ["4.4.312"]')
    )
    assert _row_behind(own, "retried.again") == "rfc/retried"
    assert _row_behind(own, "stays_queued.kept") == "queue/kept"
    assert _row_behind(own, "error_detail.cause") == "rfc/diagnostic-cause"
    assert _row_behind(own, "error_detail.present") == "error/detail-given"


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_has_a_row_only_where_it_differs_from_the_aspect(name: str) -> None:
    assert [slot for slot, row in load(name).slots.items() if row == REQUIREMENTS[slot]] == []


def test_a_profile_may_leave_out_what_an_aspect_asks_and_another_ask_it_again(write: Any) -> None:
    silent = write(
        'about = "x"\nextends = "eop"\n[aspects]\n"retried.again" = false\n' + _row('sections = ["4.4.312"]')
    )
    assert not silent.asks("retried.again")
    assert "queue/recovers" in silent.served(REQUIREMENTS)
    assert "queue/retried" not in silent.served(
        {**REQUIREMENTS, "no_ndr.notification_retried": "rfc/retried"}
    )
    again = write(
        'about = "x"\nextends = "rfc"\n[aspects]\n"drains.order" = "correction/in-order"\n'
        + _row('sections = ["4.4.312"]')
    )
    assert again.asks("drains.order")
    assert not again.asks("ndr_status.cause")


@pytest.mark.parametrize("table", ["aspects", 'sections."4.4.312"'])
def test_a_slot_that_no_aspect_has_is_a_mistake(
    write: Any, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    own = write(
        f'about = "x"\nextends = "eop"\n[{table}]\n"retried.oops" = "queue/retried"\n'
        + _row('sections = ["4.4.312"]')
    )
    monkeypatch.setattr(suite, "load", lambda _: own)
    with pytest.raises(ProfileError, match=r"own\.toml: no aspect has retried\.oops"):
        profile_of("own")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '[aspects]\n"retried.again" = true\n' + _row('sections = ["4.4.312"]'),
            "retried.again = True is neither",
        ),
        (
            '[aspects]\n"retried.again" = "no/such"\n' + _row('sections = ["4.4.312"]'),
            "requirement: no/such",
        ),
        (
            _row('sections = ["4.4.312"]', 'what = "code", any = [], requirement = "no/such"'),
            "requirement: no/such",
        ),
        (_row('failure_modes = ["dns_oops"]'), "no such failure mode: dns_oops"),
        (_row('sectoins = ["4.4.312"]'), "sectoins"),
        (_row('sections = ["4.4.321"]'), "no such section: 4.4.321; there are control, 4.4.312, "),
        ('[sections."tsl"]\n' + _row('sections = ["4.4.312"]'), "no such section: tsl; there are control, "),
        (_row('sections = ["4.4.312"]').replace('"deferred"', '"postponed"'), "postponed"),
        (_row('sections = ["4.4.312"]').replace("source", "sauce"), "sauce"),
    ],
)
def test_mistakes_are_named(write: Any, text: str, told: str) -> None:
    with pytest.raises(ProfileError) as error:
        write(f'about = "x"\nextends = "eop"\n{text}')
    assert "own.toml" in str(error.value)
    assert told in str(error.value)


def test_every_section_has_failure_modes() -> None:
    assert {mode.section for mode in ALL.values()} == {*Section} - {Section.SCHEDULE}


def test_a_failure_mode_without_row_is_a_mistake(write: Any) -> None:
    with pytest.raises(ProfileError, match=r"no row for .*connect_timeout"):
        write('about = "x"\n' + _row('sections = ["4.4.312"]'))


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ProfileError, match="'oep'; there are eop, eop-observed, rfc"):
        load("oep")


def _check(**more: Any) -> Check:
    return Check(**{"what": "status", "any": ["4.4.1", "4.4.2"], "requirement": "rfc/status-class"} | more)


def test_a_check_says_what_it_compared() -> None:
    finding = compare(_check(preferred="4.4.1"), codes.read("450 4.4.2 x"), codes.read(""))
    assert finding is not None
    assert (finding.holds, finding.level) == (True, Level.MUST)
    assert finding.expected == "enhanced status code 4.4.1 or 4.4.2 (preferably 4.4.1)"
    assert finding.observed == "enhanced status code 4.4.2"


def test_a_code_not_shown_fails_unless_it_is_judged_only_if_shown() -> None:
    finding = compare(_check(), codes.read("x"), codes.read(""))
    assert finding is not None
    assert not finding.holds
    assert finding.observed == "no enhanced status code at the beginning of the error"
    assert compare(_check(if_shown=True), codes.read("x"), codes.read("")) is None
    assert compare(_check(if_shown=True), codes.read("4.7.1 x"), codes.read("")) is not None


# How the codes of one service look: 450 4.4.316, 5.4.300, 550 5.4.1.
_OF_A_SERVICE = re.compile(r"\b[45]\.\d\.3\d\d\b|\b[45]\d\d [45]\.\d")


def test_what_rfc_asks_names_no_code_of_a_service() -> None:
    rfc = load("rfc")
    asked = [(slot, own) for slot, own in REQUIREMENTS.items() if rfc.asks(slot)]
    rows = {rfc.requirement(slot, mode, own) for slot, own in asked for mode in BROKEN}
    checks = [check for row in rfc.rows.values() for each in row.outcomes for check in each.checks]
    rows |= {catalogue()[check.requirement] for check in checks}
    assert not [row.id for row in rows if _OF_A_SERVICE.search(row.text)]
    assert not [check for check in checks if _OF_A_SERVICE.search(" ".join(check.any) + check.preferred)]
