"""Each server knows how late it was: the whole process is stopped for a second while a client comes."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from types import ModuleType
from typing import Self

import dns.message
import pytest
from dns_world import HOST, World
from own_process import DEADLINE, lines_until, running

from fake_servers import punctuality
from fake_servers.events import DnsDropped, DnsQuery, TcpAccepted, TcpLate
from fake_servers.journal import Journal
from fake_servers.smtp import Reply, Rule, Script, Slow, SmtpServer, Stage, dialogue, intake
from fake_servers.smtp.content import Content

QUERY = dns.message.make_query("mx.a.test", "A").to_wire()
FRAMED = struct.pack("!H", len(QUERY)) + QUERY


class Stopped:
    """A process that is stopped for a second while a client comes; compares lags with that second, to a tenth.

    On a busy machine the process may go on later than it is told to; it has by the time the client is answered.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __enter__(self) -> Self:
        self._process.send_signal(signal.SIGSTOP)
        while _state(self._process.pid) != "T":
            time.sleep(0.001)
        return self

    def came(self) -> None:
        """Say that the client has just come."""
        self._came = time.monotonic()

    def __exit__(self, *_: object) -> None:
        time.sleep(max(0.0, self._came + 1.0 - time.monotonic()))
        self._process.send_signal(signal.SIGCONT)

    def answered(self, client: socket.socket) -> None:
        """Wait for the answer."""
        assert client.recv(512)
        self._answered = time.monotonic() - self._came

    def fits(self, lags: list[float]) -> bool:
        """Tell whether the last lag is the time for which the client had to wait."""
        return 0.9 <= lags[-1] <= self._answered + 0.1


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def lags(lines: list[str], kind: str) -> list[float]:
    """Return the lag that each line of a kind tells."""
    return [float(found[1]) for line in lines if kind in line and (found := re.search(r"lag=([\d.]+)", line))]


def prompt(lags: list[float]) -> bool:
    """Tell whether nobody waited a second, nor half of one; on a busy machine a little is in order."""
    return all(lag < 0.5 for lag in lags)


def test_a_query_that_waited_says_so() -> None:
    with (
        running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(DEADLINE)
        with Stopped(process) as stopped:
            client.sendto(QUERY, (host, port))
            stopped.came()
        stopped.answered(client)
        client.sendto(QUERY, (host, port))
        client.recv(512)
        late, lines = lines_until(process, "dns answer"), lines_until(process, "dns answer")
    assert stopped.fits(lags(late, "dns query"))
    assert prompt(lags(lines, "dns query"))


def test_so_does_one_over_tcp() -> None:
    with (
        running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port),
        socket.create_connection((host, port), timeout=DEADLINE) as client,
    ):
        client.sendall(FRAMED)
        client.recv(512)
        with Stopped(process) as stopped:
            client.sendall(FRAMED)
            stopped.came()
        stopped.answered(client)
        first, late = lines_until(process, "dns answer"), lines_until(process, "dns answer")
    assert prompt(lags(first, "dns query"))
    assert stopped.fits(lags(late, "dns query"))


def test_a_connection_over_tcp_that_waited_is_seen_in_its_first_query() -> None:
    with running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port):
        with Stopped(process) as stopped:
            client = socket.create_connection((host, port), timeout=DEADLINE)
            client.sendall(FRAMED)
            stopped.came()
        with client:
            stopped.answered(client)
        late = lines_until(process, "dns answer")
    assert stopped.fits(lags(late, "dns query"))


@pytest.mark.parametrize("rule", [(), ("--rule", "quit=reply:250:Stay")], ids=["healthy", "scripted"])
def test_a_connection_that_waited_to_be_accepted_says_so(rule: tuple[str, ...]) -> None:
    with running("smtp", *rule) as (process, host, port):
        with Stopped(process) as stopped:
            client = socket.create_connection((host, port), timeout=DEADLINE)
            stopped.came()
        with client:
            stopped.answered(client)
            lines = lines_until(process, "smtp sent")
        with socket.create_connection((host, port), timeout=DEADLINE) as second:
            second.recv(512)
            rest = lines_until(process, "attempt=2")
    assert stopped.fits(lags(lines, "tcp accepted"))
    assert prompt(lags(rest, "tcp accepted"))


@pytest.mark.parametrize("rule", [(), ("--rule", "quit=reply:250:Stay")], ids=["healthy", "scripted"])
def test_a_command_that_waited_to_be_read_says_so(rule: tuple[str, ...]) -> None:
    with (
        running("smtp", *rule) as (process, host, port),
        socket.create_connection((host, port), timeout=DEADLINE) as client,
    ):
        client.recv(512)
        client.sendall(b"NOOP\r\n")
        client.recv(512)
        with Stopped(process) as stopped:
            client.sendall(b"EHLO client.test\r\n")
            stopped.came()
        stopped.answered(client)
        lines = lines_until(process, "EHLO")
    assert stopped.fits(lags(lines, "tcp late"))


async def test_who_is_slow_on_purpose_is_not_late() -> None:
    """A client that says more than it was asked for has to wait for a server that plays its rules."""
    journal = Journal()
    server = SmtpServer(journal, hostname="mx.test", script=Script(Rule(Stage.MAIL, Slow(1.0))))
    await server.start("127.0.0.1")
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"EHLO c.test\r\nMAIL FROM:<a@a.test>\r\nQUIT\r\n")
    await reader.readuntil(b"221 ")
    writer.close()
    await server.stop()
    assert prompt([each.lag for kind in (TcpLate, TcpAccepted) for each in journal.of(kind)])


async def test_a_burst_is_read_in_one_go() -> None:
    """What comes together is answered together: no query has to wait for a turn of the loop of its own."""
    world = World()
    await world.server.start(HOST)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while len(world.queries) < 60:
            turns += 1
            await asyncio.sleep(0)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(60):
            client.sendto(QUERY, world.server.address)
        async with asyncio.timeout(DEADLINE):
            await count_turns()
    await world.server.stop()
    assert turns <= 3


async def test_a_long_burst_leaves_turns_to_others() -> None:
    world = World()
    await world.server.start(HOST)
    seen = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(200):
            client.sendto(QUERY, world.server.address)
        async with asyncio.timeout(DEADLINE):
            while len(world.queries) < 200:
                seen.add(len(world.queries))
                await asyncio.sleep(0)
    await world.server.stop()
    assert len(seen) >= 3


async def test_queries_that_found_no_room_are_counted() -> None:
    world = World()
    await world.server.start(HOST)
    udp = world.server._udp
    assert udp is not None
    udp._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(200):
            client.sendto(QUERY, world.server.address)
        await world.until_asked()
        await world.udp(QUERY)
    await world.server.stop()
    [dropped] = world.journal.of(DnsDropped)
    assert dropped.queries == 200 + 1 - len(world.queries)


async def test_a_jump_of_the_clock_of_the_day_is_no_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    await world.server.start(HOST)
    await world.udp(QUERY)
    await asyncio.sleep(0)  # the socket is seen empty
    monkeypatch.setattr(punctuality, "received_at", lambda _: time.time() - 3600)
    await world.udp(QUERY)
    await world.server.stop()
    assert all(each.lag < 1.0 for each in world.journal.of(DnsQuery))


def test_what_the_kernel_does_not_say_is_no_lag() -> None:
    assert punctuality.received_at([]) is None
    assert punctuality.drops([(socket.SOL_SOCKET, punctuality.SO_TIMESTAMPNS, b"")]) == 0
    assert punctuality.notable(0.0049) == 0.0


def test_the_kernel_is_asked_how_old_data_is_where_it_may_be_old(monkeypatch: pytest.MonkeyPatch) -> None:
    ages = [0.0, 0.004, 0.9, 0.0]
    monkeypatch.setattr(punctuality, "since_last_data", lambda _: ages.pop(0))
    backlog = punctuality.Backlog()
    with socket.socket() as connected:
        told = [
            backlog.since_last_data(100 + at, connected) for at in (0, 0.003, 0.006, 0.008, 1.0, 1.0, 1.004)
        ]
    assert told == [0.0, 0.0, 0.004, 0.9, 0.0, 0.0, 0.0]
    assert ages == []


class _SlowContent(Content):
    """Content that takes us a second to take, in many pieces, all of which have come by then."""

    pieces = 0

    def feed(self, data: bytes) -> bytes:
        _SlowContent.pieces += 1
        time.sleep(len(data) / _LONG)
        return super().feed(data)


_LONG = 4_000_000  # octets: more than one read takes


@pytest.mark.parametrize(
    ("where", "rules"),
    [(dialogue, ()), (intake, (Rule(Stage.QUIT, Reply(250, "Stay")),))],
    ids=["healthy", "scripted"],
)
async def test_who_has_sent_everything_waits_until_it_is_answered(
    monkeypatch: pytest.MonkeyPatch, where: ModuleType, rules: tuple[Rule, ...]
) -> None:
    monkeypatch.setattr(where, "Content", _SlowContent)
    monkeypatch.setattr(_SlowContent, "pieces", 0)
    journal = Journal()
    server = SmtpServer(journal, hostname="mx.test", script=Script(*rules))
    await server.start("127.0.0.1")
    taken, answered = await asyncio.to_thread(_send_much, server.address)
    await server.stop()
    late = [each.lag for each in journal.of(TcpLate)]
    # when the client had sent everything, part of it lay in buffers of its own: it waited for us all the while
    assert answered * 0.9 < max(late) <= taken + answered + 0.1
    # what was read late is told of as well, and on a crowded machine that may be any of a few large pieces
    assert len([lag for lag in late if lag > 0.1]) <= max(6, _SlowContent.pieces / 3), (
        "told when it is answered, and not in each piece"
    )


def _send_much(address: tuple[str, int]) -> tuple[float, float]:
    """Send content as fast as it is taken, and return for how many seconds that took, and then the reply."""
    with socket.create_connection(address, timeout=DEADLINE) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
        for line in (
            b"",
            b"EHLO c.test\r\n",
            b"MAIL FROM:<a@a.test>\r\n",
            b"RCPT TO:<b@b.test>\r\n",
            b"DATA\r\n",
        ):
            client.sendall(line)
            client.recv(512)
        began = time.monotonic()
        client.sendall(b"x" * 70 + b"\r\n" + (b"y" * 998 + b"\r\n") * (_LONG // 1000) + b".\r\n")
        sent = time.monotonic()
        assert client.recv(512).startswith(b"250")
        return sent - began, time.monotonic() - sent
