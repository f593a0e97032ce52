"""Fake servers for programs and tests that are not asynchronous: they run in a thread of their own.

A world has any number of servers and one journal. Everything here may be called from any thread, and from a coroutine
as well, as long as it does not wait: `wait` blocks, so there it is `await asyncio.to_thread(smtp.wait)`.

Example::

    with FakeWorld() as world:
        smtp = world.smtp("rcpt(bad@b.test)=reply:550:5.1.1 Nobody")
        send_mail(smtp.host, smtp.port)
        [message] = smtp.wait()
        print(message.email["Subject"])
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Self, TypeVar

from fake_servers.dns import Answer, DnsServer, Zone
from fake_servers.endpoint import endpoint
from fake_servers.event_json import to_json
from fake_servers.events import DnsQuery, Event, SmtpMessage
from fake_servers.journal import Journal
from fake_servers.kept import KeptMessage
from fake_servers.smtp import OFFER, Rule, Script, SmtpServer
from fake_servers.spelling import parse_answer, parse_rule, spell
from fake_servers.tcp import Hanging, Refusing
from fake_servers.tls import Certificate, CertificateAuthority

_T = TypeVar("_T")

_LOCAL = "127.0.0.1"


class FakeWorld:
    """A thread in which fake servers run until it is closed; a context manager.

    Attributes:
        journal: All events of all its servers.
    """

    def __init__(self) -> None:
        self.journal = Journal()
        self._noted = threading.Condition()
        self.journal.subscribe(self._wake)
        self._authority: CertificateAuthority | None = None
        self._loop = asyncio.new_event_loop()
        self._servers = AsyncExitStack()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="fake world", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Reset all connections, close all ports and end the thread. Closing twice is harmless."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def smtp(
        self,
        *rules: Rule | str,
        host: str = _LOCAL,
        port: int = 0,
        hostname: str = "mx.fake.test",
        certificate: Certificate | None = None,
        extensions: Iterable[str] = OFFER,
    ) -> FakeSmtp:
        """Start a mail server.

        Args:
            rules: What it does instead of the healthy thing; see `FakeSmtp.play`.
            host: An IPv4 or IPv6 address of this machine.
            port: 0: any free one.
            hostname: Its name, in the greeting and in the certificate.
            certificate: Offer STARTTLS with such a certificate; clients that use `client_context` trust its issuer.
            extensions: What the reply to EHLO offers.

        Raises:
            OSError: The address cannot be had.
            ValueError: A rule, an extension or the certificate makes no sense.
        """
        tls = None
        if certificate is not None:
            tls = self.authority.server_context(certificate, hostname, address=host)
        extensions = tuple(extensions)
        server = SmtpServer(
            self.journal,
            hostname=hostname,
            script=Script(*map(as_rule, rules), extensions=extensions),
            tls=tls,
            certificate=certificate or "",
        )
        self._start(partial(server.start, host, port), server.stop)
        return FakeSmtp(self, server, extensions)

    def dns(self, *, host: str = _LOCAL, port: int = 0) -> FakeDns:
        """Start a name server that knows no name yet.

        Raises:
            OSError: The address cannot be had.
        """
        zone = Zone()
        server = DnsServer(self.journal, zone)
        self._start(partial(server.start, host, port), server.stop)
        return FakeDns(self, server, zone)

    def refusing(self, *, host: str = _LOCAL, port: int = 0) -> tuple[str, int]:
        """Return the address of a port that refuses connections, and that nobody else can take meanwhile."""
        return self._break(Refusing(self.journal, host, port))

    def hanging(self, *, host: str = _LOCAL, port: int = 0) -> tuple[str, int]:
        """Return the address of a port that leaves connection attempts unanswered."""
        return self._break(Hanging(self.journal, host, port))

    @property
    def authority(self) -> CertificateAuthority:
        """Who issues the certificates of this world."""
        if self._authority is None:
            self._authority = CertificateAuthority()
        return self._authority

    def client_context(self) -> ssl.SSLContext:
        """Return a context for a client that trusts the authority of this world and nobody else."""
        return ssl.create_default_context(cadata=self.authority.trust_anchors().decode("ascii"))

    def to_json(self) -> list[dict[str, Any]]:
        """Return all events so far as JSON data; `fake_servers.event_json` says what they look like."""
        return [to_json(event) for event in self.journal]

    def show(self) -> str:
        """Return all events so far as text, one a line."""
        return "\n".join(map(spell, self.journal))

    def until(self, reached: Callable[[], _T | None], seconds: float) -> _T | None:
        """Return what `reached` returns once that is not None; None if it does not within so many seconds."""
        deadline = time.monotonic() + seconds
        with self._noted:
            while (found := reached()) is None:
                left = deadline - time.monotonic()
                if left <= 0 or not self._noted.wait(left):
                    return reached()
        return found

    def do(self, work: Callable[[], _T]) -> _T:
        """Do something in the thread of the servers, between two things that they do."""

        async def done() -> _T:
            return work()

        return self._wait_for(done())

    def _break(self, fault: Refusing | Hanging) -> tuple[str, int]:
        def start() -> tuple[str, int]:
            fault.start()
            self._servers.callback(fault.stop)
            return fault.address

        return self.do(start)

    def _start(self, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]) -> None:
        async def started() -> None:
            await start()
            self._servers.push_async_callback(stop)

        self._wait_for(started())

    def _wait_for(self, work: Coroutine[Any, Any, _T]) -> _T:
        if not self._thread.is_alive():
            work.close()
            raise RuntimeError("the fake world is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        async with self._servers:
            await self._over.wait()

    def _wake(self, _event: Event) -> None:
        with self._noted:
            self._noted.notify_all()


class _Fake:
    """What the servers of a world have in common."""

    def __init__(self, world: FakeWorld, address: tuple[str, int]) -> None:
        self._world = world
        self.host, self.port = self.address = address

    @property
    def events(self) -> list[Event]:
        """All events of this server so far."""
        own = endpoint(*self.address)
        return [event for event in self._world.journal if event.server == own]

    def to_json(self) -> list[dict[str, Any]]:
        """Return all events of this server so far as JSON data."""
        return [to_json(event) for event in self.events]

    def show(self) -> str:
        """Return all events of this server so far as text, one a line."""
        return "\n".join(map(spell, self.events))


class FakeSmtp(_Fake):
    """A mail server of a world. Made by `FakeWorld.smtp`.

    Attributes:
        host: Its IP address.
        port: Its port.
        address: Both.
    """

    def __init__(self, world: FakeWorld, server: SmtpServer, extensions: tuple[str, ...]) -> None:
        super().__init__(world, server.address)
        self._server = server
        self._extensions = extensions
        self._forgotten = 0

    @property
    def messages(self) -> list[KeptMessage]:
        """The messages that it accepted, in the order in which they came."""
        kept = [KeptMessage(event) for event in self.events if isinstance(event, SmtpMessage)]
        return kept[self._forgotten :]

    def clear(self) -> None:
        """Forget the messages so far; the journal keeps them."""
        self._forgotten += len(self.messages)

    def play(self, *rules: Rule | str) -> None:
        """Go by these rules from the next connection on; without any it is healthy.

        Args:
            rules: The first that fits wins. As text they are what `python -m fake_servers smtp --rule` takes. Which
                connections a rule is for is counted from the first that the server ever had.

        Raises:
            ValueError: A rule makes no sense; the text says what there is.
        """
        script = Script(*map(as_rule, rules), extensions=self._extensions)
        self._world.do(lambda: self._server.repair(script))

    def wait(self, count: int = 1, timeout: float = 5.0) -> list[KeptMessage]:
        """Return the messages once there are so many.

        Args:
            count: How many at least.
            timeout: Seconds to wait at most.

        Raises:
            TimeoutError: There were fewer; the text says what the server saw.
        """

        def enough() -> list[KeptMessage] | None:
            messages = self.messages
            return messages if len(messages) >= count else None

        found = self._world.until(enough, timeout)
        if found is None:
            seen = self.show() or "nothing at all"
            raise TimeoutError(
                f"{len(self.messages)} of {count} messages within {timeout:g} s; the server saw\n{seen}"
            )
        return found


class FakeDns(_Fake):
    """A name server of a world, over UDP and TCP. Made by `FakeWorld.dns`.

    Attributes:
        host: Its IP address.
        port: Its port.
        address: Both.
    """

    def __init__(self, world: FakeWorld, server: DnsServer, zone: Zone) -> None:
        super().__init__(world, server.address)
        self._zone = zone

    def set(self, name: str, rdtype: str, *answers: Answer | str) -> None:
        """Plan the answers for a name and a type: the first for the first query ..., the last one repeats.

        Args:
            name: The name.
            rdtype: The type, `MX` for instance.
            answers: As text they are what `python -m fake_servers dns --set` takes.

        Raises:
            ValueError: A name, a type or an answer is not well-formed.
        """
        planned = [as_answer(answer) for answer in answers]
        self._world.do(lambda: self._zone.set(name, rdtype, *planned))

    def set_all(self, name: str, *answers: Answer | str) -> None:
        """Plan the answers for all types of a name that have none of their own.

        Raises:
            ValueError: The name is not well-formed, or an answer holds records.
        """
        planned = [as_answer(answer) for answer in answers]
        self._world.do(lambda: self._zone.set_all(name, *planned))

    def clear(self, name: str) -> None:
        """Forget what was planned for a name."""
        self._world.do(lambda: self._zone.clear(name))

    @property
    def queries(self) -> list[DnsQuery]:
        """The queries so far, in order."""
        return [event for event in self.events if isinstance(event, DnsQuery)]


def as_rule(rule: Rule | str) -> Rule:
    """Return a rule that may be written down."""
    return parse_rule(rule) if isinstance(rule, str) else rule


def as_answer(answer: Answer | str) -> Answer:
    """Return an answer that may be written down."""
    return parse_answer(answer) if isinstance(answer, str) else answer
