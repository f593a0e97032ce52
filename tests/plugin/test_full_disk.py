"""The disk becomes full while a wave is staged: it is named, nobody is blamed, and what was judged is told."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from concurrent.futures import Future

import pytest
from user_shell import PYTEST, SELECTION, Ended, Shell, environment, fill

from conformance.lab import namespace

pytestmark = pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))

_REPORTS = "--conformance-report=rep --junitxml=junit.xml -p no:cacheprovider"

# Where the folder `disk` has so little room, and what is asked for there.
CASES = {
    "relay": ("64k", f"--basetemp=disk/tmp {_REPORTS}"),
    "folders": ("16k", f"--basetemp=disk/tmp {_REPORTS}"),
    "report": ("8k", "--basetemp=tmp --conformance-report=disk/rep"),
}


def start_early(shell: Shell) -> dict[str, Future[Ended]]:
    return {name: shell.once(f"full disk: {name}", lambda name=name: _run(shell, name)) for name in CASES}


def _run(shell: Shell, name: str) -> Ended:
    folder, (size, options) = shell.folder(), CASES[name]
    fill(folder, {})
    (folder / "disk").mkdir()
    line = (
        f"mount -t tmpfs -o size={size} tmpfs disk && "
        f"{PYTEST} --target=reference --conformance-lab=loopback -k '{SELECTION}' {options}"
    )
    inside = [*namespace.prefix(), sys.executable, "-m", "conformance.lab.namespace", "sh", "-c", line]
    done = subprocess.run(
        inside,
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    return Ended(done.returncode, done.stdout, folder, 0.0)


@pytest.mark.parametrize("name", ["relay", "folders"])
def test_a_full_disk_is_named_in_every_view(shell: Shell, name: str) -> None:
    """Before, the wave had ended with "exit status 1", or pytest with a traceback, and no report had a word of it."""
    ended = start_early(shell)[name].result()
    assert ended.status == 3, ended.text
    assert "at fault: this suite or this machine" in ended.text
    assert "at fault: the relay" not in ended.text
    assert "at fault: the adapter" not in ended.text
    assert "INTERNALERROR" not in ended.text
    [header], [footer] = ended.rows("header"), ended.rows("footer")
    told = " ".join(trouble["message"] for trouble in header["troubles"])
    assert "No space left on device" in told or "the disk is full" in told
    assert set(ended.verdicts.values()) <= {"error", "pass", "inconclusive"}
    assert (footer["exit_status"], footer["verdicts"]) == (3, 2)
    [suite] = ElementTree.parse(ended.folder / "junit.xml").getroot().iter("testsuite")
    assert suite.attrib["errors"] == str(footer["counts"]["error"])
    assert any(each.attrib["name"] == "broken" for each in suite.iter("property"))


def test_a_report_that_cannot_be_written_is_told_and_no_success(shell: Shell) -> None:
    """Before, it was an error of pytest's own, and the rest of its summary was not written."""
    ended = start_early(shell)["report"].result()
    assert ended.status == 3, ended.text
    assert "rep/report.jsonl is not complete: No space left on device" in ended.text
    assert "2 passed" in ended.text
    assert "INTERNALERROR" not in ended.text
