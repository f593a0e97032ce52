"""The alert about mail that waits too long for a connector."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reference_world import DEADLINE, RelayProcess

from conformance.reference.alerts import AlertWatch
from conformance.reference.classify import CONDITIONS, Cause, Stage
from conformance.reference.config import AlertRule, Config
from conformance.reference.config_file import parse
from conformance.reference.errors import Failure, deferral, remote_failure
from conformance.reference.message import Message, Recipient, State
from conformance.reference.remedies import how_to_fix
from conformance.reference.spool import Spool

_REFUSED = deferral(Stage.CONNECT, Cause.REFUSED, "111", server="mx.a.test", address="127.0.0.9:25")

_TOML = """
hostname = "relay.test"
listen = "127.0.0.1:0"
resolver = "127.0.0.1:53"
spool = "s"
event_log = "e"
[alert]
messages = 3
age = 100
[[connector]]
domain = "a.test"
[[connector]]
domain = "*.b.test"
[[accepted_domain]]
domain = "a.test"
"""


class Operator:
    """A watch, and messages that come and go."""

    def __init__(self, folder: Path) -> None:
        self.config: Config = parse(_TOML, source=Path("relay.toml"))
        self.spool = Spool(folder / "spool")
        self.watch = AlertWatch(self.config, self.spool)
        self.messages: list[Message] = []

    def arrive(
        self, number: int, at: float, domain: str = "a.test", failure: Failure | None = _REFUSED
    ) -> None:
        for _ in range(number):
            recipient = Recipient(number=0, address=f"x@{domain}", failure=failure, last_error="450 ...")
            recipient.last_attempt_at = at
            message = Message(sender="s@s.test", accepted_at=at, recipients=[recipient])
            self.messages.append(message)
            self.watch.joined(message)

    def leave(self, number: int) -> None:
        for _ in range(number):
            message = self.messages.pop(0)
            message.recipients[0].state = State.GONE
            self.watch.settled(message)

    async def alerts(self, at: float) -> list[dict[str, Any]]:
        await self.watch.look(at)
        return self.watch.alerts()


@pytest.fixture
async def operator(tmp_path: Path) -> Any:
    operator = Operator(tmp_path)
    yield operator
    await operator.spool.close()


async def test_number_and_age_must_both_be_reached(operator: Operator) -> None:
    operator.arrive(2, at=0)
    operator.arrive(50, at=60)
    assert await operator.alerts(at=159) == []  # two are old, and fifty wait
    operator.arrive(1, at=10)
    assert len(await operator.alerts(at=159.5)) == 1


async def test_exactly_the_number_is_enough(operator: Operator) -> None:
    operator.arrive(3, at=0)
    assert await operator.alerts(at=99.9) == []
    [alert] = await operator.alerts(at=100)
    assert alert["raised_at"] == 100


async def test_it_tells_what_the_operator_needs(operator: Operator) -> None:
    operator.arrive(3, at=5)
    operator.arrive(1, at=50)
    [alert] = await operator.alerts(at=105)
    advice = alert.pop("how_to_fix")
    assert "`fix-now a.test`" in advice
    assert "firewall" in advice
    assert alert == {
        "connector": "a.test",
        "queued": 4,
        "raised_at": 105,
        "cleared_at": None,
        "queue_start": 5,
        "oldest_expires": 86405,
        "destination_server": "mx.a.test",
        "last_address": "127.0.0.9",
        "last_error": "450 ...",
    }


async def test_it_is_raised_once_and_brought_up_to_date(operator: Operator) -> None:
    operator.arrive(3, at=0)
    await operator.alerts(at=100)
    operator.arrive(7, at=1)
    [alert] = await operator.alerts(at=300)
    assert (alert["queued"], alert["raised_at"]) == (10, 100)


async def test_it_is_cleared_when_too_few_are_left_and_may_come_again(operator: Operator) -> None:
    operator.arrive(4, at=0)
    await operator.alerts(at=100)
    operator.leave(1)
    assert (await operator.alerts(at=110))[0]["cleared_at"] is None
    operator.leave(1)
    assert (await operator.alerts(at=120))[0]["cleared_at"] == 120
    operator.arrive(1, at=50)
    first, second = await operator.alerts(at=150)
    assert (first["cleared_at"], first["queued"]) == (120, 3)
    assert (second["cleared_at"], second["raised_at"]) == (None, 150)


async def test_each_connector_has_its_own_and_a_wildcard_has_one_for_all_it_covers(
    operator: Operator,
) -> None:
    operator.arrive(2, at=0)
    operator.arrive(2, at=0, domain="x.b.test")
    assert await operator.alerts(at=100) == []
    operator.arrive(1, at=1, domain="y.b.test")
    operator.arrive(5, at=0, domain="elsewhere.test")  # by MX, through no connector
    [alert] = await operator.alerts(at=101)
    assert (alert["connector"], alert["queued"]) == ("*.b.test", 3)


@pytest.mark.parametrize("change", ["off", "deleted"])
async def test_it_ends_with_its_connector(operator: Operator, change: str) -> None:
    operator.arrive(3, at=0)
    await operator.alerts(at=100)
    first, *others = operator.config.connectors
    connectors = (replace(first, enabled=False), *others) if change == "off" else tuple(others)
    operator.watch.apply(replace(operator.config, connectors=connectors), operator.messages)
    assert [alert["cleared_at"] for alert in await operator.alerts(at=200)] == [200]


async def test_a_new_rule_counts_for_mail_that_waits_already(operator: Operator) -> None:
    operator.arrive(2, at=0)
    assert await operator.alerts(at=50) == []
    operator.watch.apply(replace(operator.config, alert=AlertRule(messages=2, age=10)), operator.messages)
    assert [alert["raised_at"] for alert in await operator.alerts(at=51)] == [51]


@pytest.mark.parametrize("left", [2, 3])
async def test_it_outlives_the_relay_and_ends_at_its_return_if_its_cause_has(
    tmp_path: Path, left: int
) -> None:
    before = Operator(tmp_path)
    before.arrive(3, at=0)
    await before.alerts(at=100)
    await before.spool.close()
    after = Operator(tmp_path)
    after.arrive(left, at=0)
    [alert] = await after.alerts(at=500)
    await after.spool.close()
    assert alert["raised_at"] == 100
    assert alert["cleared_at"] == (None if left == 3 else 500)


def test_every_section_has_advice_of_its_own_and_the_rest_the_general_one() -> None:
    advice = [how_to_fix(status, connector="a.test", fixable=True) for status in (*CONDITIONS, "4.3.2", "")]
    assert len(set(advice)) == len(CONDITIONS) + 1
    assert all("partner" in text for text in advice)


@pytest.mark.parametrize("status", [*CONDITIONS, ""])
def test_fix_now_is_offered_for_refused_connections_where_it_does_something(status: str) -> None:
    assert ("Fix now" in how_to_fix(status, connector="a.test", fixable=True)) is (status == "4.4.316")
    assert "Fix now" not in how_to_fix(status, connector="a.test", fixable=False)


async def test_a_remote_reply_that_looks_like_ours_gets_the_general_advice(operator: Operator) -> None:
    reply = remote_failure(450, "4.4.316 not me", server="mx.a.test", address="127.0.0.9:25")
    operator.arrive(3, at=0, failure=reply)
    [alert] = await operator.alerts(at=100)
    assert alert["how_to_fix"] == how_to_fix("", connector="a.test", fixable=True)


async def test_the_running_relay_raises_it_by_its_own_clock_and_prints_it(relay: RelayProcess) -> None:
    relay.connectors[0]["smart_hosts"] = ["127.1.9.9"]
    offset = relay.folder / "offset"
    relay.options |= {"alert.messages": 2, "alert.age": 3600, "clock_offset_file": str(offset)}
    await relay.start()
    await relay.submit("one@a.test")
    await relay.submit("two@a.test", "three@a.test")
    await relay.event("deferred", 3)
    assert await relay.ask("alerts") == []
    (relay.folder / "new").write_text("3601")
    (relay.folder / "new").rename(offset)
    async with asyncio.timeout(DEADLINE):
        while not await relay.ask("alerts"):  # noqa: ASYNC110 (another process is watched)
            await asyncio.sleep(0.02)
    told = await relay.command("alerts")
    [alert] = json.loads(told)
    assert (alert["connector"], alert["queued"], alert["cleared_at"]) == ("a.test", 2, None)
    assert alert["last_error"].startswith("450 4.4.316 Connection refused")
    assert alert["destination_server"] == alert["last_address"] == "127.1.9.9"


async def test_settings_saved_while_another_alert_is_recorded(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator.arrive(3, at=0)
    (lasting,) = await operator.alerts(at=101)
    operator.arrive(3, at=2, domain="x.b.test")
    keep = operator.spool.keep_alert

    async def saved_meanwhile(number: int, details: dict[str, Any]) -> None:
        operator.watch.apply(operator.config, operator.messages)
        await keep(number, details)

    monkeypatch.setattr(operator.spool, "keep_alert", saved_meanwhile)
    assert [each["cleared_at"] for each in await operator.alerts(at=103)] == [None, None]
    assert (await operator.alerts(at=104))[0]["raised_at"] == lasting["raised_at"]
