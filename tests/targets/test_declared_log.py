from __future__ import annotations

import re
from pathlib import Path

import pytest

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.declared.format import Means
from conformance.targets.declared.log import DeclaredLog
from conformance.targets.declared.reading import read

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
STAMP = "2026-01-02 03:04:05.678 1vOxyz-000001-0A"
AT = 1767323045.678


def log_of(example: str, *lines: str) -> list[DeliveryEvent]:
    declared = read(EXAMPLES / f"{example}.toml").log
    assert declared is not None
    kinds = [(re.compile(declared.begins + line.pattern), line.means) for line in declared.lines]
    log = DeclaredLog(Path("unused"), kinds, escaped=declared.escaped)
    log.feed(lines)
    return log.events


def told(events: list[DeliveryEvent]) -> list[tuple[str, str, str, str]]:
    return [(each.recipient, each.outcome, each.text, each.destination) for each in events]


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (
            '=> b@c.test R=r T=smtp H=mx.c.test [10.77.1.1] C="250 OK"',
            ("b@c.test", "delivered", 'R=r T=smtp H=mx.c.test [10.77.1.1] C="250 OK"', "mx.c.test"),
        ),
        (
            "== b@c.test R=smart_host T=smtp defer (111): Connection refused",
            ("b@c.test", "deferred", "R=smart_host T=smtp defer (111): Connection refused", ""),
        ),
        (
            "== long@c.test <b@c.test> R=r T=smtp defer (-44) H=mx.c.test [10.77.1.1]: 451 later",
            ("b@c.test", "deferred", "R=r T=smtp defer (-44) H=mx.c.test [10.77.1.1]: 451 later", "mx.c.test"),
        ),
        (
            "** b@c.test R=r T=smtp H=mx.c.test [10.77.1.1]: 550 no: H=other.test",
            ("b@c.test", "permanent", "R=r T=smtp H=mx.c.test [10.77.1.1]: 550 no: H=other.test", "mx.c.test"),
        ),
        ("** b@c.test: retry timeout exceeded", ("b@c.test", "expired", "retry timeout exceeded", "")),
        ("** b@c.test: Unrouteable address", ("b@c.test", "permanent", "Unrouteable address", "")),
    ],
)  # fmt: skip
def test_lines_of_exim_are_read_as_declared(line: str, event: tuple[str, str, str, str]) -> None:
    [read_event] = log_of("exim", f"{STAMP} {line}")
    assert told([read_event]) == [event]
    assert read_event.at == pytest.approx(AT)


def test_a_line_before_names_the_host_and_what_was_not_tried_is_none() -> None:
    events = log_of(
        "exim",
        f"{STAMP} H=mx.c.test [10.77.1.1] Connection refused",
        f"{STAMP} == b@c.test R=r T=smtp defer (111): Connection refused",
        f"{STAMP} == b@c.test R=r T=smtp defer (-53): retry time not reached for any host",
    )
    assert told(events) == [
        ("b@c.test", "deferred", "R=r T=smtp defer (111): Connection refused", "mx.c.test")
    ]


def haraka(uuid: str, message: str, origin: str = "outbound") -> str:
    head = f'2026-01-02T03:04:05.678Z {{"level":"INFO","uuid":"{uuid}","origin":"{origin}",'
    return f'{head}"message":"{message}"}}'


def test_what_lines_of_haraka_say_is_put_together_by_message_and_domain() -> None:
    get_mx = '","hook":"get_mx","plugin":"relay","params":"{}","retval":"OK","msg":"x'
    events = log_of(
        "haraka",
        haraka("U-1.1", "confirming recipient <b@c.test>", "relay"),
        haraka("U-1.1", "confirming recipient <d@c.test>", "relay"),
        haraka("U-1.1", "confirming recipient <e@f.test>", "relay"),
        haraka("U-1.1.1", get_mx.format("c.test")),
        haraka("U-1.1.2", get_mx.format("f.test")),
        haraka("U-1.1.2", "Failed to get socket: connect ECONNREFUSED 10.77.1.7:25"),
        haraka("U-1.1.1", r"recipient <b@c.test> rejected: 550 \"no\""),
        haraka("U-1.1.1", '","delivered file":"x","domain":"c.test","host":"mx.c.test","response":"OK'),
        haraka("U-1.1.1", "bouncing mail: Some recipients failed: <b@c.test>"),
        haraka("U-1.1.2", "Temp failing 1_2_3_relay for 6 seconds: Tried all MXs"),
        haraka("U-1.1.2", "bouncing mail: Too many failures (Tried all MXs)"),
    )  # fmt: skip
    refused = "Failed to get socket: connect ECONNREFUSED 10.77.1.7:25"
    assert told(events) == [
        ("d@c.test", "delivered", "OK", "mx.c.test"),
        ("b@c.test", "permanent", '550 "no"; Some recipients failed: <b@c.test>', ""),
        ("e@f.test", "deferred", f"{refused}; Tried all MXs", ""),
        ("e@f.test", "expired", "Too many failures (Tried all MXs)", ""),
    ]
    assert all(each.at == pytest.approx(AT) for each in events)


def test_a_report_of_the_relay_itself_has_nobody_that_is_known() -> None:
    assert log_of("haraka", haraka("U-2.1.1", "Temp failing 1_2_3_relay for 6 seconds: Tried all MXs")) == []


def test_of_a_relay_that_does_one_after_the_other_lines_are_of_the_attempt_that_goes_on() -> None:
    events = log_of(
        "nullmailer",
        "From: <a@sender.test> to: <b@c.test>",
        "smtp: Failed: Connect failed",
        "Sending failed: Connection refused",
        "From: <a@sender.test> to: <d@c.test>",
        "smtp: Succeeded: 250 2.0.0 OK",
        "From: <a@sender.test> to: <b@c.test>",
        "smtp: Failed: 550 5.7.1 Not wanted here",
        "Sending failed: Permanent error in sending the message",
    )
    assert told(events) == [
        ("b@c.test", "deferred", "Connect failed; Connection refused", ""),
        ("d@c.test", "delivered", "250 2.0.0 OK", ""),
        ("b@c.test", "permanent", "550 5.7.1 Not wanted here; Permanent error in sending the message", ""),
    ]


def test_a_line_is_read_as_a_whole_and_control_characters_are_spelled_out() -> None:
    kinds = [(re.compile(r"to=(?P<recipient>\S+) (?P<text>\d.*)"), Means.DEFERRED)]
    log = DeclaredLog(Path("unused"), kinds)
    log.feed(["450 said: to=b@c.test 451 x", "to=b@c.test 451 a\tb"])
    assert log.events == [DeliveryEvent(recipient="b@c.test", outcome=Outcome.DEFERRED, text="451 a\\u0009b")]


def test_a_log_in_growth_is_read_on_and_half_a_line_is_left(tmp_path: Path) -> None:
    log = DeclaredLog(tmp_path / "log", [(re.compile("to=(?P<recipient>.*) sent"), Means.DELIVERED)])
    log.read()
    assert log.events == []
    (tmp_path / "log").write_text("to=a@c.test sent\nto=b@c.te")
    log.read()
    assert [each.recipient for each in log.events] == ["a@c.test"]
    with (tmp_path / "log").open("a") as file:
        file.write("st sent\n")
    log.read()
    assert [each.recipient for each in log.events] == ["a@c.test", "b@c.test"]
