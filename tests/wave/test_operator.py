"""The operator's methods of an adapter, synchronous or not, and each way in which one can be wrong."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_adapter import CONFIG, AsyncRelay, AsyncTarget, PlainRelay, PlainTarget

from conformance.evidence.record import AlertListing, Fault
from conformance.target import AcceptedDomain, Address, Alert, Capability, Connector, DomainType, EditRefused
from conformance.wave.adapter import running
from conformance.wave.operator import AlertWatch, Operator, alert_watch
from conformance.wave.unusable import TargetUnusable
from fake_servers import Journal

ALERT = Alert(connector="c.test", queued=4, raised_at=1.0)
CONNECTOR = Connector(domain="c.test", smart_hosts=("mx.c.test",))
OURS = AcceptedDomain(domain="c.test", type=DomainType.AUTHORITATIVE, recipients=("a@c.test",))
POWERS = {
    Capability.ALERTS: {"alerts"},
    Capability.FIX_NOW: {"fix_now"},
    Capability.EDIT_CONNECTOR: {"edit_connector", "delete_connector"},
    Capability.MAILBOXES: {"mailbox"},
    Capability.ACCEPTED_DOMAINS: set(),
}


class Plain(PlainRelay):
    """Notes what is asked of it, in threads."""

    submission = Address("127.0.0.1", 25)

    def __init__(self) -> None:
        self.log: list[object] = []
        self.told: list[Any] = [ALERT]

    def _note(self, *what: object) -> None:
        assert threading.current_thread() is not threading.main_thread()
        self.log.append(what)

    def alerts(self) -> Any:
        return self.told

    def mailbox(self, recipient: str) -> Any:
        self._note("mailbox", recipient)
        return [b"x"]

    def fix_now(self, domain: str) -> None:
        self._note("fix_now", domain)

    def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        self._note("edit", connector, enabled, trust_anchors)

    def delete_connector(self, domain: str) -> None:
        self._note("delete", domain)

    def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        self._note("accepted", accepted)


class Async(AsyncRelay):
    """The same, as coroutines."""

    submission = Address("127.0.0.1", 25)

    def __init__(self) -> None:
        self.log: list[object] = []

    async def alerts(self) -> Any:
        return (ALERT,)

    async def mailbox(self, recipient: str) -> Any:
        self.log.append(("mailbox", recipient))
        return [b"x"]

    async def fix_now(self, domain: str) -> None:
        self.log.append(("fix_now", domain))

    async def edit_connector(
        self, connector: Connector, *, enabled: bool = True, trust_anchors: Path | None = None
    ) -> None:
        self.log.append(("edit", connector, enabled, trust_anchors))

    async def delete_connector(self, domain: str) -> None:
        self.log.append(("delete", domain))

    async def set_accepted_domain(self, accepted: AcceptedDomain) -> None:
        self.log.append(("accepted", accepted))


def _able(target: AsyncTarget) -> AsyncTarget:
    target.capabilities = frozenset(POWERS)
    return target


@pytest.mark.parametrize("target", [PlainTarget(Plain()), AsyncTarget(Async()), AsyncTarget(Plain())])
async def test_adapters_of_both_sorts(target: AsyncTarget) -> None:
    async with running(_able(target), CONFIG) as instance:
        operator = Operator(instance, Journal(), has_mailboxes=True)
        acts = [
            await operator.fix_now("c.test"),
            await operator.edit("off", CONNECTOR, enabled=False),
            await operator.edit("anchored", CONNECTOR, trust_anchors=Path("/x")),
            await operator.delete("c.test"),
            await operator.set_accepted_domain(OURS),
        ]
        assert await operator.mailbox("a@c.test") == [b"x"]
    assert [act.name for act in acts] == [
        "fix now",
        "off",
        "anchored",
        "connector deleted",
        "domain authoritative",
    ]
    assert not any(act.refused for act in acts)
    assert all(act.asked <= act.done for act in acts)
    assert target.relay.log == [
        ("fix_now", "c.test"),
        ("edit", CONNECTOR, False, None),
        ("edit", CONNECTOR, True, Path("/x")),
        ("delete", "c.test"),
        ("accepted", OURS),
        ("mailbox", "a@c.test"),
    ]


async def test_without_mailboxes_nobody_asks_for_them() -> None:
    relay = Plain()
    async with running(_able(PlainTarget(relay)), CONFIG) as instance:
        assert await Operator(instance, Journal()).mailbox("a@c.test") == []
    assert relay.log == []


@pytest.mark.parametrize("base", [Plain, Async])
async def test_a_refused_edit_is_an_answer_and_anything_else_a_defect(base: type[Any]) -> None:
    class Refusing(base):  # type: ignore[misc]
        def edit_connector(self, *_: object, **__: object) -> None:
            raise EditRefused("no such host")

        async def delete_connector(self, domain: str) -> None:
            raise KeyError(domain)

    async with running(_able(AsyncTarget(Refusing())), CONFIG) as instance:
        operator = Operator(instance, Journal())
        act = await operator.edit("bad", CONNECTOR)
        assert (act.refused, act.reason) == (True, "no such host")
        with pytest.raises(TargetUnusable, match=r"delete_connector\(\) raised KeyError") as trouble:
            await operator.delete("c.test")
        assert trouble.value.fault is Fault.ADAPTER


@pytest.mark.parametrize(
    ("capability", "method"),
    [(each, method) for each, methods in POWERS.items() for method in sorted(methods)],
)
async def test_a_power_that_is_claimed_and_not_there(capability: Capability, method: str) -> None:
    members = {name: member for name, member in vars(Plain).items() if name != method}
    target = AsyncTarget(type("Relay", (PlainRelay,), members)())
    target.capabilities = frozenset({capability})
    with pytest.raises(
        TargetUnusable, match=rf"`{capability}` is claimed, but the relay object has no {method}"
    ):
        async with running(target, CONFIG):
            pass


async def test_accepted_domains_can_be_set_only_by_who_edits_and_need_a_listener() -> None:
    members = {name: member for name, member in vars(Plain).items() if name != "set_accepted_domain"}
    target = AsyncTarget(type("Relay", (PlainRelay,), members)())
    target.capabilities = frozenset({Capability.ACCEPTED_DOMAINS, Capability.FIX_NOW})
    async with running(target, CONFIG):
        pass
    target.capabilities |= {Capability.EDIT_CONNECTOR}
    with pytest.raises(TargetUnusable, match=r"no set_accepted_domain\(\)"):
        async with running(target, CONFIG):
            pass
    target = AsyncTarget(PlainRelay())
    target.capabilities = frozenset({Capability.ACCEPTED_DOMAINS})
    with pytest.raises(TargetUnusable, match="without `submission`"):
        async with running(target, CONFIG):
            pass


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"connector": "c.test"},
        replace(ALERT, last_error=None),  # type: ignore[arg-type]
        replace(ALERT, queued="4"),  # type: ignore[arg-type]
        replace(ALERT, queued=True),
        replace(ALERT, raised_at=None),  # type: ignore[arg-type]
        replace(ALERT, oldest_expires="soon"),  # type: ignore[arg-type]
        replace(ALERT, cleared_at=float("nan")),
    ],
)
async def test_an_alert_that_is_none_or_has_a_wrong_field(wrong: object) -> None:
    relay = Plain()
    relay.told = [ALERT, wrong]
    async with running(_able(PlainTarget(relay)), CONFIG) as instance:
        watch = AlertWatch(instance, Journal(), lambda _: None)
        with pytest.raises(TargetUnusable, match=r"alerts\(\) returned") as trouble:
            await watch.ask()
        assert trouble.value.fault is Fault.ADAPTER


async def test_every_listing_is_told_and_the_latest_is_kept() -> None:
    relay, listings, seen = Plain(), list[AlertListing](), asyncio.Event()

    def tell(listing: AlertListing) -> None:
        listings.append(listing)
        seen.set()

    async with running(_able(PlainTarget(relay)), CONFIG) as instance:
        watch = alert_watch(instance, frozenset(POWERS), Journal(), tell)
        assert watch is not None
        assert watch.of("c.test") == []
        looking = asyncio.create_task(watch.run())
        async with asyncio.timeout(10):
            await seen.wait()
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        assert watch.of("C.TEST") == [ALERT]
        assert watch.of("d.test") == []
        assert listings[0].alerts == [ALERT]
        assert listings[0].asked <= listings[0].at
        assert alert_watch(instance, frozenset(), Journal(), listings.append) is None
