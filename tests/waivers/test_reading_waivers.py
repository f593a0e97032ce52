"""Files of waivers: what they say, and every mistake in them, told with file, row, key and what is valid."""

from __future__ import annotations

import time
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from conformance.catalogue.failure_modes import ALL
from conformance.catalogue.versions import newest
from conformance.suite import ASPECTS
from conformance.waivers import WaiverError, Waivers, load
from conformance.waivers.reading import GENERATED
from conformance.waivers.writing import Row, written

TODAY = date(2026, 11, 29)
NAMES = [aspect.name for aspect in ASPECTS]
HEAD = f'catalogue = "{newest()}"\n'
KEYS = {
    "verdict": '"fail"',
    "requirement": '"rfc/queued"',
    "aspect": '"stays_queued"',
    "failure_modes": '["greeting_421"]',
    "observed": '"returned at _*"',
    "reason": '"Mended in the next release."',
    "expires": "2027-03-31",
}


def _text(*rows: dict[str, str], head: str = HEAD) -> str:
    tables = [
        "[[waiver]]\n" + "".join(f"{key} = {value}\n" for key, value in (KEYS | row).items() if value)
        for row in rows
    ]
    return head + "".join(tables)


def _load(folder: Path, text: str) -> Waivers:
    file = folder / "waivers.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, aspects=NAMES, today=TODAY, shown=Path("waivers.toml"))


def _match(waivers: Waivers, **changes: str) -> bool:
    finding = {
        "requirement": "rfc/queued",
        "aspect": "stays_queued",
        "mode": "greeting_421",
        "course": "healed",
        "verdict": "fail",
        "observed": "returned at 2.51 s: 421 4.3.2",
    }
    return waivers.match(**(finding | changes)) is not None


def test_a_row_covers_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    waivers = _load(tmp_path, _text({}))
    assert _match(waivers)
    for changes in (
        {"requirement": "rfc/status-class"},
        {"aspect": "expires"},
        {"mode": "greeting_554"},
        {"verdict": "deviation"},
        {"observed": "not in the queue at 2.51 s"},
        {"observed": "it was returned at 2.51 s"},
    ):
        assert not _match(waivers, **changes), changes


def test_a_row_without_aspect_covers_every_one(tmp_path: Path) -> None:
    waivers = _load(tmp_path, _text({"aspect": ""}))
    assert _match(waivers, aspect="expires")
    assert _match(waivers, aspect="stays_queued")


def test_an_expired_row_covers_nothing(tmp_path: Path) -> None:
    assert _match(_load(tmp_path, _text({"expires": "2026-11-29"})))
    assert not _match(_load(tmp_path, _text({"expires": "2026-11-28"})))


@pytest.mark.parametrize("zone", ["<+14>-14", "<-12>+12"])
def test_the_day_is_that_of_utc_wherever_the_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """At any time the date is another one in one of the two."""
    file = tmp_path / "waivers.toml"
    file.write_text(HEAD, encoding="utf-8")
    before = datetime.now(UTC).date()
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        today = load(file, aspects=NAMES, shown=file).today
    time.tzset()
    assert before <= today <= datetime.now(UTC).date()


def test_a_year_ahead_is_a_day_more_where_the_day_begins_earlier(tmp_path: Path) -> None:
    _load(tmp_path, _text({"expires": "2027-12-01"}))


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert _match(_load(tmp_path, "\ufeff" + _text({})))


def test_patterns_of_names_are_expanded(tmp_path: Path) -> None:
    waivers = _load(tmp_path, _text({"failure_modes": '["reply_421_at_*", "greeting_421"]'}))
    expected = {name for name in ALL if name.startswith("reply_421_at_")} | {"greeting_421"}
    assert len(expected) > 5
    assert waivers.rows[0].modes == expected
    assert _match(waivers, mode="reply_421_at_rcpt")


def test_one_course_can_be_named(tmp_path: Path) -> None:
    waivers = _load(tmp_path, _text({"failure_modes": '["greeting_421-healed_*"]'}))
    assert waivers.rows[0].modes == {f"greeting_421-healed_{hours}h" for hours in (1, 12, 23)}
    assert _match(waivers, course="healed_12h")
    assert not _match(waivers, course="healed")


def test_a_schedule_can_be_named(tmp_path: Path) -> None:
    name = "connection_refused+dns_servfail+healthy"
    waivers = _load(tmp_path, _text({"failure_modes": f'["{name}"]'}))
    assert _match(waivers, mode=name, course="schedule")


def test_several_things_may_be_observed(tmp_path: Path) -> None:
    waivers = _load(tmp_path, _text({"observed": '["returned at _: 4*", "vanished"]'}))
    assert _match(waivers)
    assert _match(waivers, observed="vanished")
    assert not _match(waivers, observed="vanished at once")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"verdict": '"inconclusive"'}, "verdict is 'inconclusive', .* valid are fail, deviation"),
        ({"verdict": '"error"'}, "verdict is 'error'"),
        ({"requirement": '"rfc/qeued"'}, "requirement is 'rfc/qeued', .* did you mean rfc/queued"),
        ({"aspect": '"stay_queued"'}, "aspect is 'stay_queued', .* did you mean stays_queued"),
        ({"failure_modes": '["greting_421"]'}, "failure_modes has 'greting_421'.* did you mean .*greeting_421"),
        ({"failure_modes": '["nothing_*"]'}, "failure_modes has 'nothing_.'.* no such failure mode"),
        ({"failure_modes": '["greeting_421-often"]'}, "no such failure mode"),
        ({"failure_modes": "[]"}, "failure_modes is .*a list of one name or pattern"),
        ({"failure_modes": '"greeting_421"'}, "failure_modes is .*a list of one name or pattern"),
        ({"failure_modes": '["greeting_421", "greeting_421"]'}, "failure_modes names one twice"),
        ({"observed": '" "'}, "observed has something else than texts"),
        ({"observed": "3"}, "observed is 3; it must be a text, or a list"),
        ({"reason": '" "'}, "reason must be a text that is not empty"),
        ({"reason": f'"{GENERATED.upper()} ..."'}, "reason is still the one that was generated"),
        ({"reason": ""}, "reason is missing; needed are verdict,"),
        ({"expires": ""}, "expires is missing"),
        ({"expires": '"2027-03-31"'}, "expires is '2027-03-31'; it is a date without quotes"),
        ({"expires": "2027-03-31T00:00:00"}, "it is a date without quotes"),
        ({"expires": "2027-12-02"}, "expires is 2027-12-02; at most a year ahead is valid, up to 2027-11-30"),
        ({"link": '"see there"'}, "link is 'see there'; it begins with http"),
        ({"sometimes": '"yes"'}, "sometimes is 'yes'; it is true or false"),
        ({"resaon": '"x"'}, "resaon is no key; valid are verdict,"),
    ],
)  # fmt: skip
def test_a_bad_row(tmp_path: Path, row: dict[str, str], words: str) -> None:
    with pytest.raises(WaiverError, match=words) as raised:
        _load(tmp_path, _text({"failure_modes": '["greeting_554"]'}, row))
    assert str(raised.value).startswith("waivers.toml, row 2 (")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "catalogue is missing"),
        ('catalogue = "9.9"', r"catalogue is '9.9'; there are .*0\.1"),
        (
            'catalogue = "0.1"\nwaivers = []',
            "waivers is no key; valid are catalogue, target, profile, waiver",
        ),
        ('catalogue = "0.1"\nwaiver = "x"', r"each row begins with \[\[waiver\]\]"),
        ('catalogue = "0.1"\ntarget = 3', "target must be a text"),
        (
            'catalogue = "0.1"\nprofile = "epo"',
            "profile is 'epo', and there is no such one; did you mean eop",
        ),
        ("catalogue = ", "Invalid value"),
    ],
)
def test_a_bad_file(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(WaiverError, match=words) as raised:
        _load(tmp_path, text)
    assert str(raised.value).startswith("waivers.toml: ")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml", aspects=NAMES)


def test_two_rows_for_one_finding(tmp_path: Path) -> None:
    healed = {"failure_modes": '["greeting_421-healed"]'}
    pairs: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
        ({}, {}),
        ({"aspect": ""}, {}),
        ({}, {"aspect": ""}),
        ({}, healed),
        (healed, {}),
    )
    for one, other in pairs:
        with pytest.raises(WaiverError, match=r"row 2 .*greeting_421.*, which row 1 waives already"):
            _load(tmp_path, _text(one, other))
    _load(tmp_path, _text({}, {"aspect": '"expires"'}, {"requirement": '"rfc/retried"'}))
    _load(tmp_path, _text(healed, {"failure_modes": '["greeting_421-expires"]'}))


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    row = Row(
        verdict="fail",
        requirement="rfc/queued",
        aspect="stays_queued",
        observed=('a "quoted" \\ text\u202e, é *',),
        reason="It is so.",
        expires=date(2027, 3, 31),
        link="https://tracker.example/7",
        sometimes=True,
    )
    names = ["greeting_421", "greeting_554"]
    text = written([(row, names)], catalogue=newest(), target="t", profile="rfc")
    waivers = _load(tmp_path, text)
    assert (waivers.target, waivers.profile) == ("t", "rfc")
    read = waivers.rows[0]
    assert read.modes == set(names)
    assert (read.requirement, read.aspect, read.link) == (row.requirement, row.aspect, row.link)
    assert read.sometimes
    assert read.describes('a "quoted" \\ text\u202e, é and more')
    assert tomllib.loads(text)["waiver"][0]["expires"] == row.expires


def test_what_was_written_and_not_filled_in_is_refused(tmp_path: Path) -> None:
    row = Row(
        verdict="fail",
        requirement="rfc/queued",
        aspect="stays_queued",
        observed=("*",),
        reason=GENERATED,
        expires=TODAY,
    )
    text = written([(row, ["greeting_421"])], catalogue=newest(), target="t", profile="rfc")
    with pytest.raises(WaiverError, match="reason is still the one that was generated"):
        _load(tmp_path, text)
