"""A storm: the reference relay is killed again and again, at moments drawn from a seed, with mail under way."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from conformance.lab.addresses import loopback
from conformance.target import Address, Connector, Envelope, RelayConfig
from conformance.targets.reference import ReferenceTarget
from conformance.wave.adapter import Instance, SubmissionRefused, running
from conformance.wave.submission import Submission
from conformance.wave.unusable import TargetUnusable
from fake_servers import (
    CertificateAuthority,
    DnsServer,
    Event,
    Journal,
    Records,
    Reply,
    Rule,
    Script,
    Slow,
    SmtpServer,
    Stage,
    Stall,
    Zone,
)
from fake_servers.events import RelayKilled, SmtpFault

from .ledger import Balance, Death, Letter, balance
from .moments import Blow, draw

_LIFETIME = 3600.0  # seconds of the relay's clock
_RETRY = 0.3
_TIMEOUT = 2.0
_PATIENCE = (
    120.0  # for anything that must happen, in real seconds; a few on a machine with nothing else to do
)
_SMALL_BUFFER = 4_096
_READ_FIRST = 2_048
_DOMAINS = ("storm.test", "calm.test", "never.test", "sender.test")


@dataclass(frozen=True)
class Outcome:
    """What a storm did and what came of it."""

    seed: int
    kills: Counter[str]
    letters: int
    accepted: int
    seconds: float
    balance: Balance

    def __str__(self) -> str:
        b = self.balance
        return (
            f"seed {self.seed}: {self.kills.total()} kills in {self.seconds:.1f} s, {self.letters} messages submitted, "
            f"{self.accepted} accepted, {b.delivered} delivered, {b.reported} reported, {b.doubled} more than once, "
            f"{len(b.wrong)} wrong"
        )


class Storm:
    """One relay, three destinations (one that misbehaves, one healthy, one that never takes mail) and the senders'."""

    def __init__(self, seed: int, folder: Path, target: ReferenceTarget | None = None) -> None:
        self._seed = seed
        self._chance = Random(seed)
        self._folder = folder
        self._target = target or ReferenceTarget()
        self._journal = Journal()
        self._servers: dict[str, SmtpServer] = {}
        self._letters: list[Letter] = []
        self._deaths: list[Death] = []
        self._noted = asyncio.Event()
        self._journal.subscribe(lambda _: self._noted.set())

    async def run(self, count: int) -> Outcome:
        """Kill so many times, let the weather clear up, and take stock."""
        began = time.monotonic()
        kills: Counter[str] = Counter()
        async with AsyncExitStack() as stack:
            self._relay = await self._start(stack)
            for number in range(count):
                blow = draw(self._chance, number)
                await self._strike(blow)
                kills[str(blow)] += 1
            await self._clear_up()
        return Outcome(
            self._seed,
            kills,
            len(self._letters),
            sum(letter.accepted for letter in self._letters),
            time.monotonic() - began,
            balance(self._letters, self._journal, self._deaths),
        )

    async def _start(self, stack: AsyncExitStack) -> Instance:
        lab = loopback()
        zone = Zone()
        dns = DnsServer(self._journal, zone)
        await dns.start(lab.resolver.host, 0)
        stack.push_async_callback(dns.stop)
        for number, domain in enumerate(_DOMAINS):
            server = SmtpServer(self._journal, hostname=f"mx.{domain}", receive_buffer=_SMALL_BUFFER)
            await server.start(lab.scenario_host(number, 0), lab.smtp_port)
            stack.push_async_callback(server.stop)
            zone.set(f"mx.{domain}", "A", Records(lab.scenario_host(number, 0)))
            self._servers[domain] = server
        self._servers["never.test"].repair(Script(Rule(Stage.MAIL, Reply(451, "4.3.2 Never"))))
        anchors = self._folder / "trust-anchors.pem"
        anchors.write_bytes(CertificateAuthority().trust_anchors())
        config = RelayConfig(
            work_directory=self._folder,
            hostname="relay.test",
            listen=Address(lab.relay_host, 0),
            resolver=Address(*dns.address),
            next_hop_port=lab.smtp_port,
            connectors=tuple(Connector(domain=d, smart_hosts=(f"mx.{d}",)) for d in _DOMAINS),
            trust_anchors=anchors,
            retry_interval=_RETRY,
            max_retry_interval=_RETRY,
            queue_lifetime=_LIFETIME,
            connect_timeout=_TIMEOUT,
            command_timeout=_TIMEOUT,
            dns_timeout=_TIMEOUT,
        )
        return await stack.enter_async_context(running(self._target, config))

    async def _strike(self, blow: Blow) -> None:
        company = [asyncio.create_task(self._submit("calm.test")) for _ in range(blow.company)]
        storm, sink = self._servers["storm.test"], self._servers["sender.test"]
        match blow.how:
            case "intake":
                await self._submit("storm.test", blow.submitted, before_leaving=lambda: self._kill(blow.wait))
            case "silent":
                await self._meet(storm, blow.stage, Stall(_first(blow.stage)), self._submit("storm.test"))
                await self._kill()
            case "taken":
                await self._meet(storm, Stage.DOT, Slow(0.05), self._submit("storm.test"))
                await self._kill()
            case "retry":
                refusal = Reply(451, "4.3.2 Once more")
                await self._meet(storm, Stage.MAIL, refusal, self._submit("storm.test"))
                await self._meet(storm, blow.stage, Stall(_first(blow.stage)))
                await self._kill()
            case "chance":
                await self._submit("storm.test")
                await self._kill(blow.wait)
            case "expiry":
                await self._meet(self._servers["never.test"], Stage.MAIL, None, self._submit("never.test"))
                await self._no_reports_wait()
                await self._relay.move_clock(_LIFETIME)
                await self._kill(blow.wait)
            case "report":
                await self._meet(self._servers["never.test"], Stage.MAIL, None, self._submit("never.test"))
                await self._no_reports_wait()
                await self._meet(sink, blow.stage, Stall(), self._relay.move_clock(_LIFETIME))
                await self._kill()
        await asyncio.gather(*company)

    async def _meet(
        self,
        server: SmtpServer,
        stage: Stage,
        action: Stall | Slow | Reply | None,
        doing: Coroutine[Any, Any, None] | None = None,
    ) -> None:
        """Have a server act at a stage (None: as it does already), do something, and wait until the action was met."""
        if action is not None:
            server.repair(Script(Rule(stage, action)))
        where = f"{server.address[0]}:{server.address[1]}"
        since = len(self._journal)
        task = None if doing is None else asyncio.ensure_future(doing)

        def met(event: Event) -> bool:
            return isinstance(event, SmtpFault) and event.server == where and event.stage is stage

        await self._until(
            lambda: any(met(event) for event in list(self._journal)[since:]), f"{stage} at {where}"
        )
        if task is not None:
            await task

    async def _kill(self, wait: float = 0.0) -> None:
        await asyncio.sleep(wait)  # drawn from the seed: not to wait for anything, but to hit anything
        await self._relay.kill_and_restart(self._journal, "storm", self._dead)

    async def _dead(self) -> None:
        *_, killed = self._journal.of(RelayKilled)
        log = self._folder / "events.jsonl"
        rows = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        logged = Counter(row["recipient"] for row in rows if row["event"] == "delivered")
        self._deaths.append(Death(killed.asked, killed.at, logged))
        for domain in ("storm.test", "sender.test"):
            self._servers[domain].repair()

    async def _submit(
        self,
        domain: str,
        until: str = "250",
        before_leaving: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        letter = self._write(domain)
        address = self._relay.submission
        assert address is not None
        envelope = Envelope(sender=letter.sender, recipients=(letter.recipient,), content=letter.content)
        try:
            async with Submission(address, envelope, self._journal) as submission:
                await submission.send_content()
                letter.sent = "content"
                if until != "content":
                    letter.sent = "dot"
                    submission.send_final_dot()
                if until == "250":
                    letter.accepted = (await submission.outcome()).startswith("250")
                if before_leaving is not None:
                    await before_leaving()
                if until == "dot":
                    letter.accepted = (await submission.outcome()).startswith("250")
        except (SubmissionRefused, TargetUnusable):
            return  # killed amid it; how far it got stands in the letter

    def _write(self, domain: str) -> Letter:
        number = len(self._letters) + 1
        sender, recipient = f"s{number}@sender.test", f"r{number}@{domain}"
        lines = [
            f"line {line} of message {number}"
            for line in range(Random(f"{self._seed}/{number}").choice((2, 50, 2000)))
        ]
        head = [
            f"From: <{sender}>",
            f"To: <{recipient}>",
            f"Subject: {number}",
            f"Message-ID: <{number}@sender.test>",
        ]
        content = "\r\n".join([*head, "", *lines, ""]).encode("ascii")
        self._letters.append(Letter(sender, recipient, content))
        return self._letters[-1]

    async def _no_reports_wait(self) -> None:
        """Let all reports out before the clock is moved: a report that expires is rightly dropped (RFC 5321, 6.1)."""
        async with asyncio.timeout(_PATIENCE):
            while any(each.recipient.endswith("@sender.test") for each in await self._relay.queue()):  # noqa: ASYNC110
                await asyncio.sleep(_RETRY / 10)

    async def _clear_up(self) -> None:
        """Let the relay finish, with the clock moved so that what cannot be delivered is reported."""
        for server in self._servers.values():
            server.repair()
        await self._relay.move_clock(_LIFETIME / 2)
        async with asyncio.timeout(3 * _PATIENCE):
            while await self._relay.queue():  # noqa: ASYNC110 (another process is watched)
                await asyncio.sleep(_RETRY)

    async def _until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                while not reached():
                    self._noted.clear()
                    await self._noted.wait()
        except TimeoutError as error:
            raise AssertionError(f"the storm could not bring about {what}") from error


def _first(stage: Stage) -> int:
    return _READ_FIRST if stage is Stage.BODY else 0
