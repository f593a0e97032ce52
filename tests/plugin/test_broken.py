"""Whatever a user brings that is broken: the run ends soon, and says once whose fault it is and what to do."""

import pytest
from broken_cases import ADAPTER, SECTIONS, Broken
from broken_page import PAGE, page
from user_shell import SELECTION, Ended, Shell

LINE = f"pytest --target=adapters:{{}} -k '{SELECTION}' --conformance-report=rep"
CASES = [case for cases in SECTIONS.values() for case in cases]

# What takes longer than so many seconds begins first. That a run ends at all is seen to by who waits for it.
_LONG = 10


def start_early(shell: Shell) -> None:
    for case in CASES:
        if case.seconds > _LONG:
            shell.start(case.line)
    for name in ("NeverRetries", "Asks", "Synchronous", "WrongPort"):
        shell.start(LINE.format(name))


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=case.name, marks=pytest.mark.user(case.line)) for case in CASES]
)
def test_a_broken_adapter_or_relay_is_told_once_and_first(outcome: Ended, case: Broken) -> None:
    assert outcome.status == case.status, outcome.text
    verdicts = list(outcome.verdicts.values())
    # what was complete before it broke is judged, and nobody is accused
    assert set(verdicts) <= {"error", "pass", "inconclusive"}
    top = outcome.text.index(f"at fault: {case.fault}")
    assert top < outcome.text.index("====", top)
    for text in case.texts:
        assert text in outcome.text
    message = next(line for line in outcome.text[top:].splitlines()[1:] if line)
    assert outcome.text.count(message) == 1, "told once"
    if count := verdicts.count("error"):
        assert f"not judged because of this: {count} test{'s' * (count > 1)}" in outcome.text
    else:
        assert "all tests could be judged nevertheless; the exit status is not 0" in outcome.text
    assert outcome.text.count("at fault:") == 1


def test_the_page_says_what_the_tests_show() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python tests/plugin/broken_page.py"


@pytest.mark.user(LINE.format("QueueTakesItsTime"))
def test_who_blocks_for_a_while_makes_nobody_late(outcome: Ended) -> None:
    """Before, each look at the queue stopped all fakes for as long: nothing but "too late"."""
    assert outcome.status == 0, outcome.text
    assert set(outcome.verdicts.values()) == {"pass"}


@pytest.mark.user(LINE.format("StopRaises"))
def test_a_relay_that_cannot_be_stopped_spoils_the_exit_status_but_no_verdict(outcome: Ended) -> None:
    assert outcome.status == 3, outcome.text
    assert set(outcome.verdicts.values()) == {"pass"}
    assert "stopping the relay (leaving running()) raised OSError: cannot remove the spool" in outcome.text
    assert f"at fault: {ADAPTER}" in outcome.text


@pytest.mark.user(LINE.format("NotInstalled"))
def test_a_program_that_is_not_installed_is_a_usage_error(outcome: Ended) -> None:
    assert outcome.status == 4
    assert "Install no-such-relay, or put it on PATH" in outcome.text
    assert not (outcome.folder / "rep" / "report.jsonl").exists()


@pytest.mark.parametrize("texts", [
    pytest.param(
        ["the name server was asked for no destination", "its queue lists mail for", "RelayConfig.resolver"],
        id="nothing",
        marks=pytest.mark.user(LINE.format("Synchronous")),
    ),
    pytest.param(
        ["Connection refused", "RelayConfig.next_hop_port"],
        id="the wrong port",
        marks=pytest.mark.user(LINE.format("WrongPort")),
    ),
])  # fmt: skip
def test_where_mail_goes_nowhere_the_run_is_ended_early(outcome: Ended, texts: list[str]) -> None:
    """Before, all windows were sat out, and everything was staged again."""
    assert outcome.status == 3, outcome.text
    assert set(outcome.verdicts.values()) == {"error"}
    assert outcome.text.count("mail goes nowhere: the relay never connected to any server") == 1
    assert "not judged because of this: 2 tests" in outcome.text
    assert "once more, windows doubled" not in outcome.text
    for text in texts:
        assert text in outcome.text
    [header] = outcome.rows("header")
    assert len(header["troubles"]) == 1


@pytest.mark.user(LINE.format("Asks"))
def test_a_relay_that_delivers_nothing_is_told_once(outcome: Ended) -> None:
    assert outcome.status == 3, "nothing was judged"
    assert set(outcome.verdicts.values()) == {"inconclusive"}
    assert outcome.text.count("the positive control plain did not pass") == 1
    assert "inconclusive for the same reason:\n    test_retried[connection_refused]" in outcome.text
    assert "queue  waiting" in outcome.text  # its plain queue() was asked


@pytest.mark.user(LINE.format("NeverRetries"))
def test_a_relay_that_never_retries_fails_with_the_evidence(outcome: Ended) -> None:
    assert outcome.status == 1
    assert outcome.verdicts == {
        "error_code[connection_refused]": "pass",
        "retried[connection_refused]": "fail",
    }
    assert "timeline (seconds since the relay accepted the message)" in outcome.text
    section = outcome.text[outcome.text.index("= FAILURES =") : outcome.text.index("record: ")]
    assert max(map(len, section.splitlines())) <= 100


@pytest.mark.user(LINE.format("OneConnector") + " --basetemp=tmp")
def test_a_target_with_one_connector_gets_one_instance_for_each(outcome: Ended) -> None:
    assert outcome.status == 0, outcome.text
    assert set(outcome.verdicts.values()) == {"pass"}
    work = outcome.folder / "tmp" / "conformance0" / "work"
    assert {folder.name for folder in work.glob("relay-*")} == {"relay-1", "relay-2"}


@pytest.mark.user(LINE.format("RetriesOnceADay"))
def test_a_relay_that_tries_once_a_day_is_not_waited_for(outcome: Ended) -> None:
    assert outcome.status == 5, outcome.text
    assert set(outcome.verdicts.values()) == {"not_applicable"}
    assert "for what the relay granted (retries every 86400 s" in outcome.text


@pytest.mark.user(LINE.format("NothingApplies"))
def test_if_nothing_applies_nothing_is_proved(outcome: Ended) -> None:
    assert outcome.status == 5
    assert set(outcome.verdicts.values()) == {"not_applicable"}
    assert "smart_host" in outcome.text
