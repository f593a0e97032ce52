"""One defect in several failure modes is one red line in every view, whatever is selected and in what order."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from stories.saved import save
from stories.story import Story
from user_shell import Ended, fill, run

MODES = ("greeting_554", "close_at_ehlo", "close_at_mail", "close_at_rcpt")
FIRST = "test_destination_server[greeting_554]"
RUN = "pytest --conformance-replay=record.jsonl conformance/suite/test_destination_server.py --conformance-report=rep"
VIEWS = "--junitxml=junit.xml --conformance-summary=page.md -p randomly -rs"


def _story(number: int, mode: str) -> Story:
    """A relay that says of each failure what it is, and never where."""
    story = Story(mode, number=number).meets_fault(1.2).says(1.5, f"450 4.4.317 {mode} went away")
    return story.look(2.0, "450 4.4.317 it went away").change(repaired=7.0, closed=20.0).delivers(9.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("everywhere")
    fill(made, {})
    first, *others = (_story(number, mode) for number, mode in enumerate(MODES, start=1))
    save(made / "record.jsonl", first, *others)
    return made


@pytest.fixture(scope="module")
def ended(folder: Path) -> Ended:
    return run(f"{RUN} {VIEWS}", folder, env={"PYTEST_ADDOPTS": "-p no:sugar"})


def _verdicts(ended: Ended) -> dict[str, dict[str, Any]]:
    return {row["failure_mode"]: row for row in ended.rows("verdict")}


def test_the_report_has_what_each_saw(ended: Ended) -> None:
    verdicts = _verdicts(ended)
    assert {name: row["verdict"] for name, row in verdicts.items()} == {
        name: "fail" if name == "greeting_554" else "not_applicable" for name in MODES
    }
    for row in (row for name, row in verdicts.items() if name != "greeting_554"):
        assert row["because"] == FIRST
        assert row["observed"].startswith("no host is named")
        assert row["broken"] == ["error/destination-server"]
    [standing] = ended.rows("requirement")
    assert (standing["standing"], standing["tests"]) == ("fail", {"fail": 4})
    [footer] = ended.rows("footer")
    assert (footer["exit_status"], ended.status) == (1, 1)
    assert footer["outcomes"]["failed"] == 1


def test_the_terminal_and_the_page_say_of_how_many_it_is_true(ended: Ended) -> None:
    assert "F MUST    error/destination-server         all 4 failure modes" in ended.text
    assert (
        "the same as in destination_server[greeting_554], one of 4 failure modes with this finding"
        in ended.text
    )
    assert "not judged, since" not in ended.text
    assert "(all 4 failure modes)" in (ended.folder / "page.md").read_text(encoding="utf-8")


def test_junit_has_one_failure(ended: Ended) -> None:
    [suite] = ElementTree.parse(ended.folder / "junit.xml").getroot()
    assert Counter({key: int(suite.attrib[key]) for key in ("failures", "skipped", "errors")}) == Counter(
        failures=1, skipped=3
    )
    because = [each.attrib["value"] for each in suite.iter("property") if each.attrib["name"] == "because"]
    assert because == [FIRST] * 3


def test_of_what_is_selected_the_first_is_red_and_a_waiver_is_for_all_of_it(
    ended: Ended, folder: Path
) -> None:
    waive = (
        "import pytest\ndef pytest_collection_modifyitems(items):\n    for item in items:\n"
        "        if item.name == 'test_destination_server[close_at_mail]':\n"
        "            item.add_marker(pytest.mark.xfail(reason='known'))\n"
    )
    some = run(f"{RUN} -x -k close_at", folder)
    assert [row["verdict"] for row in some.rows("verdict")] == ["fail"]
    assert some.rows("verdict")[0]["failure_mode"] == "close_at_ehlo"
    (folder / "conftest.py").write_text(waive, encoding="utf-8")
    waived = run(f"{RUN} -k 'close_at_mail or close_at_rcpt'", folder)
    assert waived.status == 0, waived.text
    assert "not passed, as expected (xfail): known" in waived.text
    assert "  not judged because of that:\n    test_destination_server[close_at_rcpt]" in waived.text
    assert "what to mend" not in waived.text
    (folder / "conftest.py").unlink()
