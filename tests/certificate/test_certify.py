"""Which runs are certified, and what a certificate says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from stories.story import ASPECT
from vendor import RECORD, UNTIL, Vendor

from conformance.catalogue.versions import newest
from conformance.certificate import certifiable, report, verify
from conformance.certificate.face import face
from conformance.certificate.levels import levels
from conformance.certificate.refusal import Refused
from conformance.session.sequence_choice import SequenceChoice

Row = dict[str, Any]


def _header(**more: Any) -> Callable[[Row], Row]:
    return lambda row: row | more if row["kind"] == "header" else row


def _footer(**more: Any) -> Callable[[Row], Row]:
    return lambda row: row | more if row["kind"] == "footer" else row


def _test(**more: Any) -> Callable[[Row], Row]:
    return lambda row: row | more if row.get("aspect") == "error_code" and row["kind"] == "verdict" else row


def _standing(standing: str, *because: str) -> Callable[[Row], Row]:
    return lambda row: (
        row | {"standing": standing, "because": list(because)}
        if row.get("requirement") == "queue/retried" and row["kind"] == "requirement"
        else row
    )


TROUBLE = {"at": 1.0, "fault": "adapter", "message": "the adapter raised KeyError"}
WAVE = {"clock": "steady", "seconds": None, "record": RECORD}
ERROR_CODE = "conformance/suite/test_error_code.py::test_error_code[close_at_ehlo]"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_header(troubles=[TROUBLE]), "something broke in the run: the adapter raised KeyError"),
        (_header(waves=[WAVE]), f"{RECORD} was cut short: its wave did not come to its end"),
        (_header(shard={"number": 1, "count": 2, "tests": 9}), "it is part 1 of 2 of a run"),
        (_header(profile="rfc"), "the level core is reached under the profile eop, and the run was judged by rfc"),
        (_header(suite_version="0.0.9"), "install the one that judged it: pip install mailflow-conformance==0.0.9"),
        (_header(schedules={"count": 7, "seed": 0}), "7 fault schedules were drawn, and not all of them were judged"),
        (_footer(kind="interrupted"), "the run that wrote it did not come to its end"),
        (_footer(selected=99), "99 tests were selected, and "),
        (_test(verdict="inconclusive"), "1 verdict inconclusive, which proves nothing: test_error_code["),
        (_test(verdict="error"), "1 verdict error, which proves nothing: test_error_code["),
        (_test(xfail="known"), "somebody expected failures (xfail), which nobody else can check; waive them: test_er"),
        (_standing("fail"), "queue/retried does not hold (fail): "),
    ],
)  # fmt: skip
def test_a_run_that_proves_too_little(
    vendor: Vendor, capsys: pytest.CaptureFixture[str], change: Callable[[Row], Row], sentence: str
) -> None:
    vendor.change(change)
    assert vendor.certify() == 1
    told = capsys.readouterr()
    assert sentence in told.err
    assert told.err.endswith("certify: nothing was certified\n")
    assert not vendor.certificate.exists()


def test_a_part_of_the_suite(
    vendor: Vendor, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    assert len(certifiable.whole(newest())) > 3000
    assert vendor.certify() == 1
    assert (
        "of the suite, and a certificate is about a complete one (without -k and --conformance-only): "
        in capsys.readouterr().err
    )


def test_a_record_that_was_edited(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    path = vendor.run / RECORD
    path.write_text(path.read_text(encoding="utf-8").replace("450 4.4.1", "450 4.4.318"), encoding="utf-8")
    assert vendor.certify() == 1
    assert "waiver no longer needed: closed-abruptly/error-code holds now" in capsys.readouterr().err


@pytest.mark.parametrize(("verdict", "said"), [("fail", "fails"), ("deviation", "deviates")])
def test_what_was_not_judged_for_something_that_is_red(
    vendor: Vendor, capsys: pytest.CaptureFixture[str], verdict: str, said: str
) -> None:
    """A MUST of the level that is left to a failure outside of it is not shown; one left to a waiver is told."""
    vendor.change(_standing("not_judged", ERROR_CODE))
    levels()["core"].check(report.read(vendor.run))
    vendor.change(_test(verdict=verdict))
    assert vendor.certify() == 1
    assert (
        f"queue/retried was not judged, since {ERROR_CODE} {said} and no waiver lets that pass"
        in capsys.readouterr().err
    )


def test_fault_schedules_are_drawn_again(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    """Two were judged, and one of them is not what the seed draws."""
    drawn_by = {"count": 2, "seed": 5, "depth": 3, "hypothesis": version("hypothesis")}
    scenarios = SequenceChoice(count=2, seed=5).scenarios([], drawn=True)
    first, last = (ASPECT["exactly_once"].test_name(each) for each in scenarios)
    row = {"kind": "verdict", "aspect": "exactly_once", "course": "schedule", "verdict": "pass"}
    judged = [
        {**row, "node_id": f"x::{name}", "failure_mode": ""} for name in (first, "test_exactly_once[easy]")
    ]

    def add(line: Row) -> Row:
        return line | {"schedules": drawn_by} if line["kind"] == "header" else line

    vendor.change(add)
    path = vendor.run / report.NAME
    head, rest = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text("\n".join([head, *map(json.dumps, judged), rest]), encoding="utf-8")
    assert vendor.certify() == 1
    assert f"are drawn from seed 5 and were not judged: {last}" in capsys.readouterr().err


def test_a_file_elsewhere_is_none_of_the_report(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    vendor.change(_header(waivers={"file": "../mailflow-waivers.toml", "catalogue": newest(), "rows": 1}))
    assert vendor.certify() == 1
    assert "mailflow-waivers.toml: it lies elsewhere than the report" in capsys.readouterr().err


def test_a_level_asks_for_fault_schedules(vendor: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    assert vendor.certify("--level=full") == 1
    assert "the level full asks for 100 fault schedules, and 0 were drawn" in capsys.readouterr().err


def test_a_level_asks_how_deep_they_are(vendor: Vendor) -> None:
    """A hundred schedules of one fault each are nothing that other tests do not stage."""
    run = report.read(vendor.run)
    drawn = {"count": 100, "seed": 0, "depth": 1, "hypothesis": version("hypothesis")}
    for name, level in levels().items():
        for depth in (1, 2, 3, 9):
            deep = replace(run, header={**run.header, "schedules": drawn | {"depth": depth}})
            if depth >= level.depth:
                level.check(deep)
                continue
            with pytest.raises(Refused, match=rf"{name} asks .* a depth of 3, .* were drawn to {depth} "):
                level.check(deep)
    assert [each.depth for each in levels().values()] == [0, 3, 3]


def test_the_depth_stands_on_its_face(certified: Vendor) -> None:
    said = certified.predicate
    for depth, words in ((1, "at most 1 fault,"), (3, "at most 3 faults,")):
        said["run"]["schedules"] = {"count": 100, "seed": 5, "depth": depth}
        assert f"schedules      100 of {words} drawn from seed 5" in face(said, {}, "the key")


def test_what_stands_on_its_face(
    certified: Vendor, signed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert re.search(r"(?m)^certified: .*/certificate.dsse.json$", signed["shown"])
    assert certified.verify() == 0
    shown = capsys.readouterr().out
    for told in (signed["shown"], shown):
        assert "level          core: every MUST of the source document" in told
        assert "Mail flow intelligence in EOP, but for what is waived below\n" in told
        assert f"closed-abruptly/error-code (fail) until {UNTIL}: Mended in the next release." in told
        assert "deviations were let pass (no --conformance-strict)" in told
        assert "lab            loopback" in told
        of_the_session = "session/greeting-awaited, session/own-name"
        assert f"not applicable 4: {of_the_session}, hygiene/connections, hygiene/processor" in told
    assert re.search("(?m)^artefact       relay-1.2.deb sha256 [0-9a-f]{64}$", shown)
    assert "not compared: relay-1.2.deb; --artefact=relay-1.2.deb does" in shown
    assert shown.endswith(f"verified: {certified.certificate}\n")


def test_what_is_used_is_what_was_judged(certified: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    other = certified.folder / "relay-1.3.deb"
    other.write_bytes(b"what is used")
    assert certified.verify(f"--artefact={other}") == 1
    assert f"--artefact={other}: the certificate is not about it (sha256 " in capsys.readouterr().err


def test_a_key_has_to_be_named(certified: Vendor, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        verify.main([str(certified.certificate)])
    assert "--key" in capsys.readouterr().err


def test_there_is_no_such_report(vendor: Vendor, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (vendor.run / report.NAME).unlink()
    assert vendor.certify() == 1
    assert "report.jsonl: No such file or directory" in capsys.readouterr().err


def test_levels_grow() -> None:
    core, full, strict = levels().values()
    assert [each.name for each in levels().values()] == ["core", "full", "strict"]
    assert set(core.never) <= set(full.never) < set(strict.never)
    assert core.of != full.of == strict.of == "catalogue"
