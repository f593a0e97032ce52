"""What a user types, and what every user of pytest expects to come of it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from user_shell import NEIGHBOURS, SELECTION, Ended, Shell, run

NODE_ID = "conformance/suite/test_error_code.py::test_error_code[connection_refused]"
RECORD = "tmp/conformance0/record.jsonl"
ORDINARY = (
    f"pytest --target=reference -k '{SELECTION}' -v --junitxml=junit.xml --conformance-report=rep --basetemp=tmp",
    f"pytest --conformance-replay={RECORD} --conformance-report=again",
    f"pytest --conformance-replay={RECORD} --conformance-report=rfc --conformance-profile=rfc -q",
)
WRONG = (
    f"pytest --target=adapters:WrongCode -k '{SELECTION}' -x --conformance-report=first",
    "pytest --target=adapters:WrongCode --lf --conformance-report=second",
)
SHOULD = (
    f"pytest --target=adapters:WrongSubject --conformance-profile=rfc -k '{SELECTION}' --basetemp=tmp",
    f"pytest --conformance-replay={RECORD} --conformance-profile=rfc --conformance-strict",
)


@pytest.mark.user(*ORDINARY)
def test_an_empty_folder_is_enough_and_only_what_was_selected_is_staged(outcomes: list[Ended]) -> None:
    outcome = outcomes[0]
    assert outcome.status == 0, outcome.text
    assert outcome.verdicts == {
        "error_code[connection_refused]": "pass",
        "retried[connection_refused]": "pass",
    }
    assert f"{NODE_ID} PASSED" in outcome.text
    rows = map(json.loads, (outcome.folder / RECORD).read_text(encoding="utf-8").splitlines())
    staged = {row["entry"]["failure_mode"] for row in rows if row["kind"] == "staged"}
    assert staged == {"plain", "connection_refused"}


@pytest.mark.user(*ORDINARY)
def test_files_stay_where_they_were_asked_for(outcomes: list[Ended]) -> None:
    others = {"adapters.py", *NEIGHBOURS, "again", "rfc"}
    there = {path.name for path in outcomes[0].folder.iterdir()} - others
    assert there == {"tmp", "rep", "junit.xml", ".pytest_cache"}


@pytest.mark.user(*ORDINARY)
def test_junit_has_requirement_level_and_verdict(outcomes: list[Ended]) -> None:
    cases = ElementTree.parse(outcomes[0].folder / "junit.xml").getroot().iter("testcase")
    found = [{p.attrib["name"]: p.attrib["value"] for p in case.iter("property")} for case in cases]
    assert [sorted(properties) for properties in found] == [["level", "requirement", "source", "verdict"]] * 2
    assert {properties["verdict"] for properties in found} == {"pass"}


@pytest.mark.user(*ORDINARY)
def test_a_record_is_judged_again_without_the_target(outcomes: list[Ended]) -> None:
    live, again, rfc = outcomes
    assert again.status == rfc.status == 0, again.text + rfc.text
    assert "conformance: staging" in live.text
    assert "conformance: staging" not in again.text + rfc.text
    verdicts = again.verdicts_in("again")
    assert live.verdicts.items() <= verdicts.items(), "the same verdicts"
    assert set(verdicts.values()) == {"pass"}
    assert {row["profile"] for row in rfc.rows("header", "rfc")} == {"rfc"}
    assert rfc.verdicts_in("rfc").keys() == verdicts.keys()


@pytest.mark.user(*ORDINARY)
def test_a_record_is_judged_again_elsewhere(outcomes: list[Ended], tmp_path: Path) -> None:
    record = outcomes[0].folder / RECORD
    again = run(f"pytest --conformance-replay={record} '{NODE_ID}' --conformance-report=rep", tmp_path)
    assert again.status == 0, again.text
    assert again.verdicts == {"error_code[connection_refused]": "pass"}


def _cut(path: Path, scenarios: int) -> str:
    """Return a record up to so many scenarios whose windows were closed, and a little of what came next."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    ends = [number for number, line in enumerate(lines, 1) if json.loads(line)["kind"] == "staged"]
    kept = ends[scenarios - 1] if scenarios else 1
    return "".join(lines[:kept]) + lines[kept][:20]


@pytest.mark.user(*ORDINARY)
def test_of_a_record_that_was_cut_short_what_is_complete_is_judged(
    outcomes: list[Ended], tmp_path: Path
) -> None:
    """Before, it was refused: nothing of a scenario was written before the end of its wave."""
    whole, record = outcomes[1].verdicts_in("again"), outcomes[0].folder / RECORD
    for count in (0, 1):
        (tmp_path / f"{count}.jsonl").write_text(_cut(record, count), encoding="utf-8")
        cut = run(f"pytest --conformance-replay={count}.jsonl --conformance-report={count}", tmp_path)
        assert cut.status == 3, cut.text
        verdicts = cut.verdicts_in(str(count))
        assert verdicts.keys() == whole.keys()
        lacking = {name for name, verdict in verdicts.items() if verdict == "inconclusive"}
        assert {each for each in whole if "connection_refused" in each} <= lacking
        assert ("delivered[plain]" in lacking) is (count == 0)
        assert "the record ends before this scenario's window was closed" in cut.text


@pytest.mark.user(*ORDINARY)
def test_a_record_that_cannot_say_what_it_lacks_is_refused(outcomes: list[Ended], tmp_path: Path) -> None:
    header, *_ = (outcomes[0].folder / RECORD).read_text(encoding="utf-8").splitlines()
    old = json.loads(header)
    del old["entry"]["scenarios"]
    (tmp_path / "cut.jsonl").write_text(json.dumps(old) + "\n", encoding="utf-8")
    cut = run("pytest --conformance-replay=cut.jsonl", tmp_path)
    assert cut.status == 4
    assert "--conformance-replay: cut.jsonl has no footer" in cut.text


@pytest.mark.user(*ORDINARY)
def test_the_report_has_a_header_verdicts_evidence_and_a_footer(outcomes: list[Ended]) -> None:
    outcome = outcomes[0]
    [header] = outcome.rows("header")
    assert header["target"] == "reference"
    assert header["target_version"] == header["suite_version"], "the relay that comes with the suite"
    assert (header["profile"], header["lab"]) == ("eop", "loopback")
    assert header["schedule_asked"]["retry_interval"] == header["schedule_granted"]["retry_interval"] == 2.0
    assert "Linux" in header["platform"]
    for row in outcome.rows("verdict"):
        assert set(row) - {"kind"} == {
            "failure_mode",
            "course",
            "aspect",
            "requirement",
            "level",
            "verdict",
            "expected",
            "observed",
            "node_id",
            "outcome",
        }
    [evidence] = outcome.rows("evidence")
    assert any("message accepted by the relay" in entry["text"] for entry in evidence["timeline"])
    [footer] = outcome.rows("footer")
    assert (footer["selected"], footer["verdicts"]) == (2, 2)
    nothing = dict.fromkeys(["fail", "deviation", "inconclusive", "not_applicable", "error", "waived"], 0)
    assert footer["counts"] == nothing | {"pass": 2}


@pytest.mark.user(*WRONG)
def test_x_stops_and_lf_repeats_what_failed(outcomes: list[Ended]) -> None:
    first, second = outcomes
    assert (first.status, second.status) == (1, 1), first.text + second.text
    expected = {"error_code[connection_refused]": "fail"}
    assert first.verdicts_in("first") == expected
    assert second.verdicts_in("second") == expected
    [footer] = first.rows("footer", "first")
    assert (footer["selected"], footer["verdicts"]) == (2, 1)
    [footer] = second.rows("footer", "second")
    assert (footer["selected"], footer["verdicts"]) == (1, 1)
    assert first.rows("header", "first")[0]["target_version"] == "7.1"
    for text in (
        "requirement  ",
        "source       ",
        "expected     reply code 450",
        "observed     reply code 451",
    ):
        assert text in first.text


@pytest.mark.user(*SHOULD)
def test_a_deviation_passes_unless_strict(outcomes: list[Ended]) -> None:
    mild, strict = outcomes
    assert mild.status == 0, mild.text
    assert "1 passed" in mild.text
    assert "1 deviation" in mild.text
    assert "\nD SHOULD " in mild.text[mild.text.index("= what to mend") :]
    assert strict.status == 1
    assert "test_error_code[connection_refused] - deviation" in strict.text


@pytest.mark.user(
    f"python -m pytest --target reference -p no:cacheprovider -p no:terminal --conformance-report=rep '{NODE_ID}'",
)
def test_a_pasted_node_id_and_pytest_without_its_usual_plugins(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert outcome.verdicts == {"error_code[connection_refused]": "pass"}
    assert not (outcome.folder / ".pytest_cache").exists()


@pytest.mark.user(
    "pytest --target=reference --co -q", "pytest --target=reference --co -q -k 'dns and recovers'"
)
def test_collecting_stages_nothing(outcomes: list[Ended]) -> None:
    everything, some = outcomes
    assert everything.status == some.status == 0
    ids = [line for line in everything.text.splitlines() if "::" in line]
    assert NODE_ID in ids
    assert len(ids) == len(set(ids))
    assert 0 < sum("::" in line for line in some.text.splitlines()) < len(ids)
    assert "conformance: staging" not in everything.text


@pytest.mark.user("pytest --target=reference -k 'conection_refused and retried'")
def test_nothing_selected_is_no_success_and_says_what_may_be_meant(outcome: Ended) -> None:
    """Before, there was no word of it."""
    assert outcome.status == 5
    assert "-k 'conection_refused and retried' selects no test" in outcome.text
    assert "did you mean connection_refused" in outcome.text


USAGE = [
    ("--target=nope", ["--target", "'nope'", "postfix", "reference", "package.module:Class"]),
    ("--target=no_such_module:Adapter", ["no_such_module"]),
    ("--target=", ["--target: it is empty and names no target"]),
    ("--target=adapters", ["did you mean adapters:"]),
    (
        f"--target=reference -k '{SELECTION}' --basetemp=no/such/folder",
        ["--basetemp=no/such/folder: No such file"],
    ),
    ("--target=adapters:Missing", ["Missing", "WrongCode"]),
    ("--target=adapters:Empty", ["lacks name, capabilities, running"]),
    ("--target=syntax:Adapter", ["syntax:Adapter", "SyntaxError"]),
    ("--target=reference --conformance-profile=nope", ["--conformance-profile", "eop, eop-observed, rfc"]),
    ("--target=reference --conformance-lab=moon", ["--conformance-lab", "auto, loopback, namespace"]),
    ("--target=reference --conformance-report=/proc/nowhere", ["--conformance-report=/proc/nowhere"]),
    ("--target=reference --conformance-report=syntax.py", ["--conformance-report=syntax.py"]),
    (
        "--target=reference --conformance-summary=no/such/folder.md",
        ["--conformance-summary=no/such/folder.md"],
    ),
    (
        "--target=reference --conformance-html=no/page.html",
        ["--conformance-html=no/page.html: cannot write it"],
    ),
    ("--conformance-replay=nowhere.jsonl", ["--conformance-replay", "nowhere.jsonl"]),
    ("--conformance-replay=syntax.py", ["--conformance-replay", "syntax.py"]),
    ("--target=reference -n 2", ["-n cannot be used with a target", "already stages all scenarios"]),
    ("--target=reference conformance/suite/test_nope.py", ["not found in the suite", "test_nope.py"]),
]


@pytest.mark.parametrize(("arguments", "texts"), USAGE, ids=[arguments for arguments, _ in USAGE])
def test_a_usage_error_says_what_is_wrong_before_any_wave(
    shell: Shell, arguments: str, texts: list[str]
) -> None:
    line = f"pytest {arguments}"
    [outcome] = shell.start(line, files={"syntax.py": "def (:\n"}).result()
    assert outcome.status == 4, outcome.text
    for text in texts:
        assert text in outcome.text
    assert "Traceback" not in outcome.text
    assert "conformance: staging" not in outcome.text
