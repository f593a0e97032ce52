"""A report that somebody edited and signed: all of it that would stand on a certificate is held against the records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from vendor import UNTIL, Vendor

from conformance.certificate import rejudge, report

Row = dict[str, Any]
Forgery = Callable[[Row], Row | None]

LATER = (UNTIL + timedelta(days=900)).isoformat()


def _waiver(**more: Any) -> Forgery:
    return lambda row: row | more if row["kind"] == "waiver" else row


def _without_waivers(row: Row) -> Row | None:
    return None if row["kind"] == "waiver" else row


def _footer(**more: Any) -> Forgery:
    return lambda row: row | more if row["kind"] == "footer" else row


def _all_passed(row: Row) -> Row:
    if row["kind"] != "footer":
        return row
    counts = row["counts"]
    return row | {"counts": counts | {"pass": counts["pass"] + counts["waived"], "waived": 0}}


def _in_its_test(**more: Any) -> Forgery:
    return lambda row: (
        row | {"waivers": [each | more for each in row["waivers"]]}
        if row["kind"] == "verdict" and "waivers" in row
        else row
    )


def _one_more(row: Row) -> Row:
    return row | {"requirement": "queue/retried"} if row.get("standing") == "waived" else row


FORGED: list[tuple[Forgery, str]] = [
    (_without_waivers, "waiver 1: there is none in the report"),
    (_waiver(reason="No standard asks for it."), "waiver 1: reason is 'No standard asks for it.' in the report, "),
    (_waiver(expires=LATER), f"waiver 1: expires is '{LATER}' in the report, and '{UNTIL}' by its records"),
    (_waiver(requirement="rfc/status-class"), "waiver 1: requirement is 'rfc/status-class' in the report, and "),
    (_waiver(observed=["enhanced status code *"]), "waiver 1: observed is ['enhanced status code *'] in the report"),
    (_waiver(link="https://relay.test/1"), "waiver 1: link is 'https://relay.test/1' in the report, and None by its"),
    (_all_passed, "the footer: counts is {'pass': "),
    (_footer(misfits=3), "the footer: misfits is 3 in the report, and 0 by its records"),
    (_in_its_test(expires=LATER), "test_error_code[close_at_ehlo]: waivers is [{"),
    (_one_more, "closed-abruptly/error-code: standing is None in the report, and 'waived' by its records"),
]  # fmt: skip


@pytest.fixture(scope="session")
def by_its_records(original: Vendor, tmp_path_factory: pytest.TempPathFactory) -> report.Report:
    """What the records of the run say; they are the same whatever somebody makes of the report."""
    return rejudge._again(report.read(original.run), tmp_path_factory.mktemp("again"))


@pytest.mark.parametrize(("forge", "sentence"), FORGED)
def test_it_does_not_verify(
    certified: Vendor,
    by_its_records: report.Report,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    forge: Forgery,
    sentence: str,
) -> None:
    def again(_: report.Report, folder: Path) -> report.Report:
        return by_its_records

    monkeypatch.setattr(rejudge, "_again", again)
    certified.change(forge)
    certified.sign_as_it_is()
    capsys.readouterr()
    assert certified.verify() == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert not told.out
    certified.certificate.unlink()
    assert certified.certify() == 1
    assert sentence in capsys.readouterr().err
    assert not certified.certificate.exists()


def test_what_is_signed_is_what_was_judged_again(
    vendor: Vendor, by_its_records: report.Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were something not compared, it would be signed as the records have it all the same."""
    monkeypatch.setattr(rejudge, "_again", lambda *_: by_its_records)
    monkeypatch.setattr(rejudge, "_differences", lambda *_: ())
    vendor.change(_without_waivers)
    vendor.change(_all_passed)
    assert vendor.certify() == 0
    said = vendor.predicate
    assert [row["reason"] for row in said["waivers"]] == ["Mended in the next release."]
    assert said["verdicts"]["waived"] == 1


def _without(kind: str, *keys: str) -> Forgery:
    def change(row: Row) -> Row:
        return {key: value for key, value in row.items() if row["kind"] != kind or key not in keys}

    return change


def _with(kind: str, **more: Any) -> Forgery:
    return lambda row: row | more if row["kind"] == kind else row


@pytest.mark.parametrize(("change", "sentence"), [
    (_without("header", "troubles"), "report.jsonl, line 1: troubles is missing; it is of another version, or was ed"),
    (_without("header", "strict"), "report.jsonl, line 1: strict is missing"),
    (_without("header", "capabilities", "lab"), "report.jsonl, line 1: capabilities is missing"),
    (_with("header", profile=3), "report.jsonl, line 1: profile is not what it has to be"),
    (_with("header", troubles=[{}]), "report.jsonl, line 1: troubles: message is missing"),
    (_with("header", troubles=[3]), "report.jsonl, line 1: troubles: is 3"),
    (_with("header", waves=[{"record": "record-1-steady.jsonl"}]), "report.jsonl, line 1: waves: seconds is missing"),
    (_with("header", schedules={"count": 3}), "report.jsonl, line 1: schedules: seed is missing"),
    (_with("header", schedules={"count": 1, "seed": 1, "depth": "3"}), "line 1: schedules: depth is not what it has "),
    (_with("header", schedules=[]), "report.jsonl, line 1: schedules is not what it has to be"),
    (_with("header", schedules={"count": 0, "seed": 1, "depth": 99, "hypothesis": version("hypothesis")}),
     "nobody draws fault schedules like that: {'count': 0, 'seed': 1, 'depth': 99, "),
    (_with("header", waivers={}), "the report's header has waivers {}, and by its records it is {'file': "),
    (_with("verdict", broken=3), ": broken is not what it has to be"),
    (_with("header", waivers={"rows": 1}), "report.jsonl, line 1: waivers: file is missing"),
    (_with("header", shard={"number": 1}), "report.jsonl, line 1: shard: count is missing"),
    (_without("verdict", "aspect"), ": aspect is missing"),
    (_without("requirement", "standing"), ": standing is missing"),
    (_without("requirement", "because"), ": because is missing"),
    (_without("waiver", "misfits"), ": misfits is missing"),
    (_without("footer", "selected"), ": selected is missing"),
    (_with("footer", counts=3), ": counts is not what it has to be"),
])  # fmt: skip
def test_what_lacks_something_is_refused_in_words(
    vendor: Vendor,
    by_its_records: report.Report,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    change: Forgery,
    sentence: str,
) -> None:
    monkeypatch.setattr(rejudge, "_again", lambda *_: by_its_records)
    vendor.change(change)
    assert vendor.certify() == 1
    assert sentence in capsys.readouterr().err
