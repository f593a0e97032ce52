"""Haraka's log, as version 3.3.4 wrote it in JSON; shortened where it says nothing of a delivery."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.target import DeliveryEvent, Outcome
from conformance.targets.haraka_log import HarakaLog

STAMP = "2026-11-28T11:25:31.519Z"
AT = 1795865131.519


def _line(uuid: str, message: str, origin: str = "outbound", **more: object) -> str:
    said = {"level": "INFO", "uuid": uuid, "origin": origin, "message": message} | more
    return f"{STAMP} {json.dumps(said)}"


def _accepted(*recipients: str) -> list[str]:
    return [_line("A.1", f"confirming recipient <{recipient}>", "relay") for recipient in recipients]


def _events(*lines: str) -> list[DeliveryEvent]:
    log = HarakaLog(Path("unused"))
    log.feed(lines)
    return log.events


def test_a_deferral_begins_with_what_was_met_at_the_host() -> None:
    met = "Ongoing connection failed to 10.77.1.9:25 : Error: socket timeout waiting on ehlo"
    events = _events(
        *_accepted("b@c.test"),
        _line("A.1.1", met),
        _line("A.1.1", "Temp failing 1_1_0_9_x_3_relay.test for 5 seconds: Tried all MXs"),
        _line("A.1.1", "Temp failing 1_2_1_9_x_4_relay.test for 5 seconds: DNS lookup failure: Error"),
    )
    assert events == [
        DeliveryEvent(
            recipient="b@c.test",
            outcome=Outcome.DEFERRED,
            text=f"{met}; Tried all MXs",
            destination="10.77.1.9",
            at=AT,
        ),
        DeliveryEvent(
            recipient="b@c.test",
            outcome=Outcome.DEFERRED,
            text="DNS lookup failure: Error",
            destination="10.77.1.9",
            at=AT,
        ),
    ]


def test_recipients_of_one_message_have_their_own_outcomes() -> None:
    events = _events(
        *_accepted("a@c.test", "b@c.test", "c@c.test"),
        _line("A.1.1", "recipient <a@c.test> rejected: 550 5.7.1 Not wanted here"),
        _line("A.1.1", "recipient <b@c.test> deferred: 450 4.2.1 Mailbox busy"),
        _line("A.1.1", "", **{"delivered file": "f", "host": "mx.c.test", "response": "OK"}),
        _line("A.1.1", "Temp failing f for 5 seconds: Some recipients temp failed: <b@c.test>"),
        _line("A.1.1", "bouncing mail: Some recipients failed: <a@c.test>"),
        _line("A.1.1", "bouncing mail: Too many failures (Tried all MXs)"),
    )
    assert [(event.recipient, event.outcome) for event in events] == [
        ("c@c.test", Outcome.DELIVERED),
        ("b@c.test", Outcome.DEFERRED),
        ("a@c.test", Outcome.PERMANENT),
        ("b@c.test", Outcome.EXPIRED),
    ]
    assert events[0].destination == "mx.c.test"
    assert events[1].text.startswith("450 4.2.1 Mailbox busy; Some recipients")
    assert events[2].text.startswith("550 5.7.1 Not wanted here; Some recipients")


def test_each_domain_of_a_message_is_a_delivery_of_its_own() -> None:
    events = _events(
        *_accepted("a@c.test", "b@d.test", "c@c.test"),
        _line("A.1.2", "bouncing mail: No Such Domain: d.test"),
        _line("A.1.1", "", **{"delivered file": "f", "host": "mx.c.test", "response": "OK"}),
    )
    assert [(event.recipient, event.outcome) for event in events] == [
        ("b@d.test", Outcome.PERMANENT),
        ("a@c.test", Outcome.DELIVERED),
        ("c@c.test", Outcome.DELIVERED),
    ]


def test_what_a_server_says_cannot_pass_for_a_line() -> None:
    forged = 'x\n2026-11-28T11:25:31.519Z {"uuid":"A.1.1","origin":"outbound","message":"bouncing mail: no"}'
    events = _events(
        *_accepted("b@c.test"),
        _line("A.1.1", f"Temp failing f for 5 seconds: Upstream error: 450 4.2.1 {forged}\x07"),
    )
    (event,) = events
    assert event.outcome is Outcome.DEFERRED
    assert event.text.endswith("\\u0007")
    assert "\n" not in event.text


def test_its_own_reports_and_other_lines_are_left_out() -> None:
    assert not _events(
        _line("B.1", "", **{"delivered file": "f", "host": "mx.sender.test", "response": "OK"}),
        _line("A.1.1", "bouncing mail: nobody was confirmed"),
        "loaded TLD files: 1=1437 2=7876 3=3795",
        f"{STAMP} Starting up Haraka version 3.3.4",
        f"{STAMP} {{half",
    )


def test_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "haraka.log"
    whole = "\n".join([*_accepted("b@c.test"), _line("A.1.1", "bouncing mail: No Such Domain: c.test"), ""])
    file.write_text(whole[:-10])
    log = HarakaLog(file)
    log.read()
    assert not log.events
    file.write_text(whole)
    log.read()
    log.read()
    assert [event.text for event in log.events] == ["No Such Domain: c.test"]
