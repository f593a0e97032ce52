"""A relay that is hostile brings nothing of ours down, and the modes that it leaves alone are judged as without that.

Before, commands without end and a flood of questions made everything inconclusive because "the suite itself was late";
connections by the thousand ended the wave with a traceback, at fault: this suite; a pipe in place of a log was a defect
of the adapter.
"""

from pathlib import Path

import pytest
from hostile_cases import BYSTANDER, HOSTILE, NOBODY, VICTIM, Hostile
from user_shell import Ended, Shell

TESTS = {"delivered[plain]": "plain", f"retried[{VICTIM}]": VICTIM, f"retried[{BYSTANDER}]": BYSTANDER}


def start_early(shell: Shell) -> None:
    for case in HOSTILE:
        shell.start(case.line)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=pytest.mark.user(case.line)) for case in HOSTILE]
)
def test_only_what_a_hostile_relay_attacks_is_not_judged(outcome: Ended, case: Hostile) -> None:
    verdicts = {name: "error" if mode in case.unjudged else "pass" for name, mode in TESTS.items()}
    late = outcome.late  # on a machine with ten times as much to do; then that is said, and nobody accused
    assert set(outcome.verdicts) == set(verdicts), outcome.text
    for name, verdict in verdicts.items():
        others = {"inconclusive"} if late else set()
        others |= {"error"} if TESTS[name] in case.perhaps else set()
        assert outcome.verdicts[name] in {verdict, *others}, outcome.text
    if not late:
        assert outcome.status == case.status, outcome.text
        assert outcome.text.count("at fault: ") == (case.fault != NOBODY)
        for text in case.texts:
            assert text in outcome.text
    assert "at fault: this suite" not in outcome.text
    assert "Traceback" not in outcome.text


@pytest.mark.user(next(case.line for case in HOSTILE if case.name == "Sneaks"))
def test_a_process_that_escapes_is_ended_with_the_run(outcome: Ended) -> None:
    [*escaped] = outcome.folder.glob("tmp/*/escaped")
    assert escaped, outcome.text
    for file in escaped:
        assert not Path("/proc", file.read_text(encoding="ascii")).exists()
