"""Each server knows how late it was: the whole process is stopped for a second while a client comes."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dns.message
import pytest
from dns_world import HOST, World
from own_process import DEADLINE, lines_until, running

from fake_servers import punctuality
from fake_servers.events import DnsDropped, DnsQuery, TcpAccepted, TcpLate
from fake_servers.journal import Journal
from fake_servers.smtp import Rule, Script, Slow, SmtpServer, Stage

QUERY = dns.message.make_query("mx.a.test", "A").to_wire()
FRAMED = struct.pack("!H", len(QUERY)) + QUERY


@contextmanager
def stopped(process: subprocess.Popen[str]) -> Iterator[Callable[[], None]]:
    """Stop a process, let the caller act and mark the moment, and let the process go on one second after that."""
    process.send_signal(signal.SIGSTOP)
    while _state(process.pid) != "T":
        time.sleep(0.001)
    marks: list[float] = []
    yield lambda: marks.append(time.monotonic())
    time.sleep(max(0.0, marks[-1] + 1.0 - time.monotonic()))
    process.send_signal(signal.SIGCONT)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def lags(lines: list[str], kind: str) -> list[float]:
    """Return the lag that each line of a kind tells."""
    return [float(found[1]) for line in lines if kind in line and (found := re.search(r"lag=([\d.]+)", line))]


def test_a_query_that_waited_says_so() -> None:
    with (
        running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(DEADLINE)
        with stopped(process) as now:
            client.sendto(QUERY, (host, port))
            now()
        client.recv(512)
        client.sendto(QUERY, (host, port))
        client.recv(512)
        late, lines = lines_until(process, "dns answer"), lines_until(process, "dns answer")
    assert lags(late, "dns query") == [pytest.approx(1.0, abs=0.1)]
    assert lags(lines, "dns query") == [], "what is read at once has no lag"


def test_so_does_one_over_tcp() -> None:
    with (
        running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port),
        socket.create_connection((host, port), timeout=DEADLINE) as client,
    ):
        client.sendall(FRAMED)
        client.recv(512)
        with stopped(process) as now:
            client.sendall(FRAMED)
            now()
        client.recv(512)
        prompt, late = lines_until(process, "dns answer"), lines_until(process, "dns answer")
    assert lags(prompt, "dns query") == []
    assert lags(late, "dns query") == [pytest.approx(1.0, abs=0.1)]


def test_a_connection_over_tcp_that_waited_is_seen_in_its_first_query() -> None:
    with running("dns", "--set", "mx.a.test", "A", "127.1.0.5") as (process, host, port):
        with stopped(process) as now:
            client = socket.create_connection((host, port), timeout=DEADLINE)
            client.sendall(FRAMED)
            now()
        with client:
            client.recv(512)
        late = lines_until(process, "dns answer")
    assert lags(late, "dns query") == [pytest.approx(1.0, abs=0.1)]


@pytest.mark.parametrize("rule", [(), ("--rule", "quit=reply:250:Stay")], ids=["healthy", "scripted"])
def test_a_connection_that_waited_to_be_accepted_says_so(rule: tuple[str, ...]) -> None:
    with running("smtp", *rule) as (process, host, port):
        with stopped(process) as now:
            client = socket.create_connection((host, port), timeout=DEADLINE)
            now()
        with client:
            client.recv(512)
            lines = lines_until(process, "smtp sent")
        with socket.create_connection((host, port), timeout=DEADLINE) as prompt:
            prompt.recv(512)
            rest = lines_until(process, "attempt=2")
    assert lags(lines, "tcp accepted") == [pytest.approx(1.0, abs=0.1)]
    assert lags(rest, "tcp accepted") == []


@pytest.mark.parametrize("rule", [(), ("--rule", "quit=reply:250:Stay")], ids=["healthy", "scripted"])
def test_a_command_that_waited_to_be_read_says_so(rule: tuple[str, ...]) -> None:
    with (
        running("smtp", *rule) as (process, host, port),
        socket.create_connection((host, port), timeout=DEADLINE) as client,
    ):
        client.recv(512)
        client.sendall(b"NOOP\r\n")
        client.recv(512)
        with stopped(process) as now:
            client.sendall(b"EHLO client.test\r\n")
            now()
        client.recv(512)
        lines = lines_until(process, "EHLO")
    assert lags(lines, "tcp late") == [pytest.approx(1.0, abs=0.1)]


async def test_who_is_slow_on_purpose_is_not_late() -> None:
    """A client that says more than it was asked for has to wait for a server that plays its rules."""
    journal = Journal()
    server = SmtpServer(journal, hostname="mx.test", script=Script(Rule(Stage.MAIL, Slow(0.3))))
    await server.start("127.0.0.1")
    reader, writer = await asyncio.open_connection(*server.address)
    writer.write(b"EHLO c.test\r\nMAIL FROM:<a@a.test>\r\nQUIT\r\n")
    await reader.readuntil(b"221 ")
    writer.close()
    await server.stop()
    assert [each.lag for each in journal.of(TcpLate)] == []
    assert [each.lag for each in journal.of(TcpAccepted)] == [0.0]


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
