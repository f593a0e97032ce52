"""What a user sees of an adapter that is right, and of one that is wrong in each step."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "docs" / "examples"
START = 'start = ["mailflow-conformance", "relay", "serve", "--config", "{{ work }}/relay.toml"]'
AT_ONCE = 3

Edit = Callable[[str, str], tuple[str, str]]


@dataclass
class Case:
    """One adapter: how it differs from docs/examples/plain.toml, and what must be said of it.

    Attributes:
        old: What is replaced in the declaration.
        new: What takes its place.
        template: The same for the template of its configuration: what is replaced, and by what.
        step: The step that is missing; empty: none.
        says: Texts that are shown.
        status: The exit status.
    """

    old: str = ""
    new: str = ""
    template: tuple[str, str] = ("", "")
    step: str = ""
    says: tuple[str, ...] = ()
    status: int = 1


CASES: Mapping[str, Case] = {
    "right": Case(
        status=0,
        says=(
            "plain, in the loopback lab",
            "retry_interval: 2 s\n",
            "it took a message from plain.healthy@sender.test",
            "connection_refused.healed@sender.test -> recipient@connection-refused.healed.test: 450 4.4.316 ",
            "deferred for recipient@connection-refused.healed.test, tried mx1.connection-refused.healed.test: 450 ",
            "delivered for recipient@plain.healthy.test",
            "reply code: 450, enhanced status code: 4.4.316",
            "its destination was mended, and it was delivered",
            "recipient@rejected-at-rcpt.rejected.test: failed, status 5.7.1, 550 5.7.1 Not wanted here",
            "everything is read; judge it: pytest --target=right.toml",
        ),
    ),
    "no_port": Case(
        START,
        'start = ["sleep", "60"]\nready.within = 2',
        step="start",
        says=("sleep was not ready after 2 s: at 127.", " nobody says 220 there", "Start it by hand to "),
    ),
    "ended": Case(
        START,
        """start = ["sh", "-c", "echo no such user; exit 3"]""",
        step="start",
        says=("at fault: the relay: sh ended with exit status 3 before it was ready", "no such user"),
    ),
    "no_program": Case(
        START,
        'start = ["no-such-relayd"]',
        step="start",
        says=("cannot start no-such-relayd: No such file or directory", "Install no-such-relayd"),
        status=4,
    ),
    "template_fails": Case(
        template=("[schedule]", "[schedule]\n{{ 1 // (config.listen.port - config.listen.port) }}"),
        step="adapter",
        says=("plain/relay.toml.j2 (files.'relay.toml'): line 11: ZeroDivisionError",),
        status=4,
    ),
    "no_mail": Case(
        START,
        f'start = ["{sys.executable}", "{HERE}/refusing.py", '
        '"{{ config.listen.host }}", "{{ config.listen.port }}"]',
        step="mail",
        says=("it refused the message: 550 5.7.1 Relaying denied", "look at its rules for relaying"),
    ),
    "not_delivered": Case(
        template=("next_hop_port = {{ config.next_hop_port }}", "next_hop_port = 1"),
        step="delivery",
        says=(
            "mail goes nowhere: the relay never connected to any server",
            "Does it connect to RelayConfig.next_hop_port",
        ),
    ),
    "queue_not_read": Case(
        '"recipient": "(?P<recipient>',
        '"rcpt": "(?P<recipient>',
        step="queue",
        says=(
            "a message to recipient@connection-refused.healed.test waited, and the queue does not show it",
            "it showed nothing",
            "   | queue.txt: [{",
        ),
    ),
    "queue_command_fails": Case(
        '"relay", "queue"',
        '"relay", "cue"',
        step="queue",
        says=("invalid choice: 'cue'",),
    ),
    "sender_not_read": Case(
        '"sender": "(?P<sender>[^"]*)", "recipient"',
        '"sender": "(?P<sender>[^"]{5})[^"]*", "recipient"',
        step="queue",
        says=("the sender of the message is connection_refused.healed@sender.test, and the queue shows",),
    ),
    "event_not_read": Case(
        '"event": "deferred"',
        '"event": "later"',
        step="events",
        says=(
            "no event says that mail for recipient@connection-refused.healed.test was deferred",
            "   | events.jsonl: {",
        ),
    ),
    "report_astray": Case(
        template=(
            "smart_hosts = {{ connector.smart_hosts | list | json }}",
            "smart_hosts = {{ (connector.smart_hosts if not loop.last else ['nobody.sender.test']) | list | json }}",
        ),
        step="report",
        says=(
            "rejected the message for good, and no report came to rejected_at_rcpt.rejected@sender.test",
            "by the connector of sender.test, which is the last of `config.connectors`",
        ),
    ),
    "report_to_another_spelling": Case(
        "granted = {",
        '''submit = { line_ends = "crlf", command = ["python", "-c", """import smtplib, sys
client = smtplib.SMTP(sys.argv[1], int(sys.argv[2]))
client.sendmail(sys.argv[3].replace("rcpt.", "rcpt"), sys.argv[4:], sys.stdin.buffer.read())""",
    "{{ config.listen.host }}", "{{ config.listen.port }}", "{{ sender }}", "{{ recipients }}"] }
ready.log = '.*"ready".*'
granted = {''',
        step="report",
        says=("a message went to rejected_at_rcptrejected@sender.test",),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def checks(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """All of them, under way: each waits for its windows, and for little else."""
    folder = tmp_path_factory.mktemp("checks")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(_check, folder / name, name, case) for name, case in CASES.items()}


def _check(folder: Path, name: str, case: Case) -> subprocess.CompletedProcess[str]:
    shutil.copytree(EXAMPLES / "plain", folder / "plain")
    declared = (EXAMPLES / "plain.toml").read_text(encoding="utf-8")
    template = folder / "plain" / "relay.toml.j2"
    text = template.read_text(encoding="utf-8")
    assert case.old in declared
    assert case.template[0] in text
    (folder / f"{name}.toml").write_text(declared.replace(case.old, case.new, 1), encoding="utf-8")
    template.write_text(text.replace(*case.template, 1) if case.template[0] else text, encoding="utf-8")
    return run(folder, "check", f"{name}.toml")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("name", CASES)
def test_each_step_shows_what_it_reads_or_what_is_missing(
    checks: Mapping[str, Future[subprocess.CompletedProcess[str]]], name: str
) -> None:
    ended, case = checks[name].result(), CASES[name]
    assert ended.returncode == case.status, ended.stdout + ended.stderr
    missing = re.findall(r"^\d+\. (\w+): MISSING$", ended.stdout, re.MULTILINE)
    assert missing[:1] == ([case.step] if case.step else []), ended.stdout
    for text in case.says:
        assert text in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_target_that_there_is_not_and_a_file_with_mistakes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('name = "x"\nstrat = ["y"]\n', encoding="utf-8")
    for target, said in (
        ("nosuch", "no target is called 'nosuch'"),
        ("bad.toml", "strat: there is no such key; did you mean start?"),
    ):
        ended = run(tmp_path, "check", target)
        assert ended.returncode == 4
        assert said in ended.stdout
        assert ended.stdout.startswith("1. adapter: MISSING\n")


def test_an_adapter_in_python_is_checked_too(tmp_path: Path) -> None:
    ended = run(HERE.parent, "check", "relays.naive:Naive", "--keep", str(tmp_path / "kept"))
    assert ended.returncode == 1
    assert "5. queue: ok" in ended.stdout
    assert "not offered: errors are read from the queue" in ended.stdout
    assert "8. report: MISSING" in ended.stdout
    assert (tmp_path / "kept" / "work" / "relay-1" / "config.json").exists()


def test_files_are_kept_in_an_empty_folder_only(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    ended = run(tmp_path, "check", "reference", "--keep", ".")
    assert ended.returncode == 2
    assert "--keep=.: it must be a new or an empty folder" in ended.stderr
