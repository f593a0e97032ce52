"""Plugins that count, mark, shuffle, time or draw tests, all of them at once: every view counts the same.

Before, a failing test that `--reruns 2` ran three times counted three times in the terminal, the report and JUnit, and
one that was marked `xfail` was shown as failed; a `skip` mark ended the run with an internal error; and allure took all
scenarios of an aspect for one test.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest
from stories.saved import save
from stories.story import Story, waiting
from user_shell import Ended, fill, run

from conformance.evidence.record import Fault, Trouble

CONFTEST = """
import pytest

MARKS = {
    "destination_server[connection_refused]": pytest.mark.xfail(reason="known to be wrong"),
    "survives[plain-healthy]": pytest.mark.xfail(reason="no longer wrong"),
    "retried[close_at_ehlo]": pytest.mark.skip(reason="not today"),
}

def pytest_collection_modifyitems(items):
    for item in items:
        for name, mark in MARKS.items():
            if item.name == f"test_{name}":
                item.add_marker(mark)
"""
OWN = "def test_it():\n    assert True\n"
ALL = (
    "-p no:cacheprovider -p randomly -p xdist -n 0 --timeout=60 --session-timeout=120 --cov=no_such_package "
    "--cov-report= --html=page.html --self-contained-html -o asyncio_mode=auto "
    "-o asyncio_default_fixture_loop_scope=session"
)
VIEWS = "--conformance-report=rep --junitxml=junit.xml --alluredir=allure"


@pytest.fixture(
    scope="module", params=["", "--reruns 2", "--force-reruns 2 --force-sugar"], ids=lambda line: line
)
def ended(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("neighbours")
    fill(folder, {"conftest.py": CONFTEST, "test_own.py": OWN})
    wrong = waiting("connection_refused").says(2.0, "451 4.4.316 oops").delivers(7.0)
    unmet, broken, dead = (
        Story("greeting_421", number=2),
        Story("greeting_554", number=3),
        Story("dns_refused", number=4),
    )
    once = Story("close_at_ehlo", number=5).meets_fault(1.2).says(1.5, "451 4.4.318 oops")
    for story, fault in ((broken, Fault.ADAPTER), (dead, Fault.TARGET)):
        story.troubles.append(
            Trouble(at=1.0, fault=fault, message="it broke", scenario=story.staged.scenario)
        )
    save(
        folder / "record.jsonl",
        wrong,
        unmet,
        broken,
        dead,
        once.look(2.0).look(19.0).change(repaired=7.0, closed=20.0),
    )
    # a rerun of --force-reruns waits for nothing
    line = f"pytest --conformance-replay=record.jsonl conformance/suite test_own.py {ALL} {VIEWS} {request.param}"
    return run(line, folder, env={"PYTEST_ADDOPTS": ""})


def _terminal(text: str) -> Counter[str]:
    """Counts in pytest's last line, or in the last lines of pytest-sugar."""
    last = text[text.rindex("Results (") :] if "Results (" in text else text.rstrip().splitlines()[-1]
    found = re.findall(
        r"(\d+) (passed|failed|not applicable|skipped|xfailed|xpassed|inconclusive|not judged|deviation|error)",
        last,
    )
    return Counter({word: int(number) for number, word in found})


def _junit(path: Path) -> Counter[str]:
    [suite] = ElementTree.parse(path).getroot()
    return Counter({word: int(suite.attrib[word]) for word in ("tests", "failures", "errors", "skipped")})


def _allure(folder: Path) -> Counter[str]:
    """The last status of each test; earlier ones are retries of the same `historyId`."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    last = {each["historyId"]: each["status"] for each in sorted(found, key=lambda each: each["start"])}
    return Counter(last.values())


def test_all_views_count_alike(ended: Ended) -> None:
    assert ended.status == 1, ended.text
    [footer] = ended.rows("footer")
    made = Counter(footer["outcomes"])
    assert (made["xfailed"], made["xpassed"], made["failed"] > 0, made["skipped"] > 0) == (1, 1, True, True)
    assert (
        footer["selected"] == made.total() == footer["verdicts"] + 1
    )  # one was skipped before it was judged
    shown = _terminal(ended.text)
    assert shown["passed"] + shown["deviation"] == made["passed"] + 1  # test_own
    counts = footer["counts"]
    failed, unjudged = counts["fail"] - made["xfailed"], counts["inconclusive"] + counts["error"]
    if "Results (" in ended.text:  # pytest-sugar has no words but pytest's
        assert shown["failed"] + shown["error"] == failed + unjudged
    else:
        assert shown["failed"] == failed
        assert (shown["inconclusive"], shown["not judged"]) == (counts["inconclusive"], counts["error"])
    assert made["failed"] + made["error"] == failed + unjudged
    assert made["failed"] > failed > 0, "the relay that broke is a failure"
    assert made["error"] > counts["inconclusive"] > 0, "the adapter that broke is none"
    assert (shown["xfailed"], shown["xpassed"]) == (made["xfailed"], made["xpassed"])
    assert shown["not applicable"] + shown["skipped"] == made["skipped"]
    junit = _junit(ended.folder / "junit.xml")
    assert junit["tests"] == made.total() + 1
    assert (junit["failures"], junit["errors"]) == (made["failed"], made["error"])
    assert junit["skipped"] == made["skipped"] + made["xfailed"]
    allure = _allure(ended.folder / "allure")
    assert allure["passed"] == made["passed"] + made["xpassed"] + 1
    assert (allure["failed"], allure["broken"]) == (made["failed"], made["error"])
    assert allure["skipped"] == made["skipped"] + made["xfailed"]


def test_what_is_expected_to_fail_is_told_apart(ended: Ended) -> None:
    rows = {row["node_id"].rpartition("::")[2]: row for row in ended.rows("verdict")}
    known = rows["test_destination_server[connection_refused]"]
    assert (known["verdict"], known["outcome"], known["xfail"]) == ("fail", "xfailed", "known to be wrong")
    assert "xfail" not in rows["test_survives[plain-healthy]"]
    # `retried` is about it, and skipped: nothing is left to what nobody runs
    lost = rows["test_recovers[close_at_ehlo]"]
    assert (lost["verdict"], "because" in lost) == ("fail", False)
    assert "not passed, as expected (xfail): known to be wrong" in ended.text
    failures = ended.text[ended.text.index("= FAILURES =") :]
    assert "test_destination_server[connection_refused]: fail" not in failures
    assert (ended.folder / "page.html").exists()


def test_junit_says_whose_fault_it_is_and_how_long_a_scenario_took(ended: Ended) -> None:
    [suite] = ElementTree.parse(ended.folder / "junit.xml").getroot()
    of_run = {each.attrib["name"]: each.attrib["value"] for each in suite.findall("properties/property")}
    assert of_run.items() >= {"target": "hand-made", "profile": "eop", "lab": "loopback"}.items()
    said: dict[str, set[str]] = {}
    for case in suite.iter("testcase"):
        found = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        kind = next((each.tag for each in case if each.tag != "properties"), "passed")
        if "conformance" in case.attrib["classname"] and "verdict" in found:
            assert found["source"]
            assert found["requirement"]
            said.setdefault(f"{found['verdict']} {found.get('fault', '')}".rstrip(), set()).add(kind)
            if found["verdict"] == "deviation":
                assert "oops" in found["observed"]
        if case.attrib["name"] == "test_recovers[connection_refused]":
            assert 5.0 < float(case.attrib["time"]) < 15.0
    reruns = (
        {"passed"} if re.search(r"\d rerun", ended.text) else set()
    )  # pytest has an element without an outcome for each
    assert said == {
        "pass": {"passed"},
        "fail": {"failure", "skipped"} | reruns,
        "deviation": {"passed"},
        "not_applicable": {"skipped"},
        "inconclusive": {"error"} | reruns,
        "error adapter": {"error"} | reruns,
        "error target": {"failure"} | reruns,
    }


LOADERS = """
import atexit, sys

def pytest_sessionfinish():
    ours = [m for n, m in sys.modules.items() if n.partition(".")[0] in ("conformance", "fake_servers")]
    print("loaded by", {type(m.__loader__).__name__ for m in ours})

atexit.register(lambda: print("finders left", [f for f in sys.meta_path if "AsTheyAre" in type(f).__name__]))
"""


_LOADING = "pytest --target=reference --conformance-only=mode:connection_refused --conformance-schedules=0 -s"


@pytest.mark.user(_LOADING, files={"conftest.py": LOADERS})
def test_our_modules_are_found_as_they_are_and_only_by_such_a_run(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert re.findall("loaded by (.*)", outcome.text) == ["{'SourceFileLoader'}"]
    assert re.findall("finders left (.*)", outcome.text) == ["[]"]
