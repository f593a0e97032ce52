"""Whatever a user brings that is broken: the run ends soon, and says once whose fault it is and what to do."""

import pytest
from user_shell import SELECTION, Ended, Shell

# The relay that crashes needs more than two messages.
MORE = "(dns_nxdomain or connection_refused) and error_code"
LINE = f"pytest --target=adapters:{{}} -k '{SELECTION}' --conformance-report=rep"

ADAPTER, RELAY = "at fault: the adapter", "at fault: the relay"


# These take longest.
PATIENCE = ("QueueHangs", "QueueBlocks", "NeverRetries", "Synchronous")


def start_early(shell: Shell) -> None:
    for name in PATIENCE:
        shell.start(line(name))


def line(name: str) -> str:
    usual = LINE.format(name)
    return usual.replace(SELECTION, MORE) if name == "CrashesOnThirdMessage" else usual


# class, whose fault, what must be readable
BROKEN = [
    ("RunningRaises", ADAPTER, ["RuntimeError: the author forgot something", "adapters.py"]),
    ("RunningRaisesInside", ADAPTER, ["LookupError: no such relay"]),
    ("RunningIsNoContextManager", ADAPTER, ["no context manager"]),
    ("RunningIsACoroutine", ADAPTER, ["decorate it with contextlib.asynccontextmanager"]),
    ("QueueReturnsRubbish", ADAPTER, ["queue() returned", "QueuedMessage"]),
    ("QueueRaisesLater", ADAPTER, ["queue() raised KeyError: 'recipient'"]),
    ("EventsReturnRubbish", ADAPTER, ["events() returned", "DeliveryEvent"]),
    ("EventsClaimed", ADAPTER, ["capability `events` is claimed", "no events()"]),
    ("NoSchedule", ADAPTER, ["`schedule` is not a conformance.target.Schedule"]),
    ("NoSubmission", ADAPTER, ["`submission` is 'localhost'"]),
    ("NegativeInterval", ADAPTER, ["`schedule.retry_interval` is -1.0 s"]),
    ("ZeroInterval", ADAPTER, ["`schedule.retry_interval` is 0.0 s"]),
    ("NanInterval", ADAPTER, ["`schedule.max_retry_interval` is nan"]),
    ("PortNeverOpen", RELAY, ["does not take mail at 127.1.0.25:1", "hint: running() may yield only once"]),
    ("RefusesMail", RELAY, ["did not accept the message", "554", "not from you"]),
    ("ExitsAtStart", RELAY, ["ended with exit status 1", "| fatal: no licence"]),
    ("CrashesOnThirdMessage", RELAY, ["| panic: index out of range"]),
]


@pytest.mark.parametrize(
    ("fault", "texts"),
    [
        pytest.param(fault, texts, id=name, marks=pytest.mark.user(line(name)))
        for name, fault, texts in BROKEN
    ],
)
def test_a_broken_adapter_or_relay_is_told_once_and_first(
    outcome: Ended, fault: str, texts: list[str]
) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.seconds < 40
    assert set(outcome.verdicts.values()) == {"error"}
    top = outcome.text.index(fault)
    assert top < outcome.text.index("====", top)
    for text in texts:
        assert text in outcome.text
    message = next(line for line in outcome.text[top:].splitlines()[1:] if line)
    assert outcome.text.count(message) == 1, "told once"
    assert "not judged because of this: 2 tests" in outcome.text
    assert outcome.text.count("at fault:") == 1


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            ["queue() did not return within 10 s", "hint: Give it a time-out of its own"],
            id=name,
            marks=pytest.mark.user(LINE.format(name)),
        )
        for name in ("QueueHangs", "QueueBlocks")
    ],
)
def test_a_queue_that_never_answers_ends_the_run_all_the_same(outcome: Ended, texts: list[str]) -> None:
    assert outcome.status == 1, outcome.text
    assert outcome.seconds < 60
    assert ADAPTER in outcome.text
    for text in texts:
        assert text in outcome.text


@pytest.mark.user(LINE.format("StopRaises"))
def test_a_relay_that_cannot_be_stopped_spoils_the_exit_status_but_no_verdict(outcome: Ended) -> None:
    assert outcome.status == 1, outcome.text
    assert set(outcome.verdicts.values()) == {"pass"}
    assert "stopping the relay (leaving running()) raised OSError: cannot remove the spool" in outcome.text
    assert ADAPTER in outcome.text


@pytest.mark.user(LINE.format("NotInstalled"))
def test_a_program_that_is_not_installed_is_a_usage_error(outcome: Ended) -> None:
    assert outcome.status == 4
    assert "Install no-such-relay, or put it on PATH" in outcome.text
    assert not (outcome.folder / "rep" / "report.jsonl").exists()


@pytest.mark.user(LINE.format("Synchronous"))
def test_a_relay_that_delivers_nothing_is_told_once(outcome: Ended) -> None:
    assert outcome.status == 1
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
    assert outcome.seconds < 40
    assert set(outcome.verdicts.values()) == {"not_applicable"}
    assert "for what the relay granted (retries every 86400 s" in outcome.text


@pytest.mark.user(LINE.format("NothingApplies"))
def test_if_nothing_applies_nothing_is_proved(outcome: Ended) -> None:
    assert outcome.status == 5
    assert set(outcome.verdicts.values()) == {"not_applicable"}
    assert "smart_host" in outcome.text
