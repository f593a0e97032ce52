"""The demonstration, as a newcomer runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

# What must be told, in this order.
_STORY = (
    "mail for bob@contoso.test: 250 2.0.0 OK",
    "alice@contoso.test: 450 4.4.316 Connection refused [Message=",
    "dave@partner.test: 450 4.4.316 Connection refused [Message=",
    "One hour later: the alert",
    "connector:          contoso.test",
    "queued:             3 messages",
    "raised:             after 1 h",
    "oldest expires:     after 24 h",
    "destination server: mail.contoso.test (127.1.1.1)",
    "last error:         450 4.4.316 Connection refused",
    "`fix-now contoso.test`",
    "mail for erin@contoso.test: 550 5.4.1 Recipient address rejected: Access denied",
    "mail for alice@contoso.test: 250 2.0.0 OK",
    "alice@contoso.test: both messages are in her mailbox",
    "bob@contoso.test: returned to the sender, 550 5.4.1 Recipient address rejected: Access denied",
    "carol@contoso.test: returned to the sender, 550 5.4.1 ",
    "the alert for contoso.test: its cause has ended",
    "Final-Recipient: dave@partner.test",
    "Status: 5.4.316",
    "Diagnostic-Code: 550 5.4.316 Message expired, connection refused",
    "The queue is empty.",
)


def _play(folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "conformance.demo"],
        env=os.environ | {"TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,  # it takes some seconds; how many is the machine's business
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


def _running_in(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode("utf-8", "replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if str(folder) in command:
            found.append(command)
    return found


def test_it_tells_its_story_the_same_each_time_and_leaves_nothing(tmp_path: Path) -> None:
    told = _play(tmp_path)
    place = 0
    for words in _STORY:
        assert words in told[place:], told
        place = told.index(words, place) + len(words)
    assert max(len(line) for line in told.splitlines()) <= 100
    assert os.listdir(tmp_path) == []
    assert _running_in(tmp_path) == []
    assert _play(tmp_path) == told
