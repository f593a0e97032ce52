import asyncio
import errno
import socket
from collections.abc import Iterator

import pytest

from fake_servers.events import TcpHanging, TcpProbe, TcpRefusing, TcpSyn
from fake_servers.journal import Journal
from fake_servers.tcp import Hanging, Refusing, SynWatch, Unreachable, probe
from fake_servers.tcp.sockets import ESTABLISHED, SYN_SENT, accept_queue_length, new_socket, state

HOST = "127.1.80.1"
DEADLINE = 60.0  # seconds, for what should take milliseconds


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def refusing(journal: Journal) -> Iterator[Refusing]:
    fault = Refusing(journal, HOST, 0)
    fault.start()
    yield fault
    fault.stop()


@pytest.fixture
def hanging(journal: Journal) -> Iterator[Hanging]:
    fault = Hanging(journal, HOST, 0)
    fault.start()
    yield fault
    fault.stop()


def serve_one(listening: socket.socket) -> tuple[bytes, str]:
    """Accept one connection that has come already, and say something to it."""
    accepted, peer = listening.accept()
    with accepted:
        accepted.sendall(b"220 ready\r\n")
    return b"220 ready\r\n", peer[0]


async def connect(address: tuple[str, int]) -> socket.socket:
    client = new_socket()
    try:
        async with asyncio.timeout(DEADLINE):
            await asyncio.get_running_loop().sock_connect(client, address)
    except OSError:
        client.close()
        raise
    return client


class TestRefusing:
    async def test_a_connection_is_refused(self, journal: Journal, refusing: Refusing) -> None:
        with pytest.raises(ConnectionRefusedError):
            await connect(refusing.address)
        [event] = journal
        assert event == TcpRefusing(at=event.at, server=f"{HOST}:{refusing.address[1]}")

    @pytest.mark.parametrize("reuse", [False, True])
    def test_nobody_else_gets_the_port(self, refusing: Refusing, reuse: bool) -> None:
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
            with pytest.raises(OSError, match="in use"):
                thief.bind(refusing.address)

    async def test_the_same_port_is_healed_by_listening(self, refusing: Refusing) -> None:
        with refusing.hand_over() as healthy:
            refusing.stop()
            assert healthy.getsockname() == refusing.address
            healthy.listen()
            with await connect(refusing.address) as client:
                said, _ = serve_one(healthy)
                assert await asyncio.get_running_loop().sock_recv(client, 100) == said

    def test_stopping_frees_the_port_and_may_be_repeated(self, journal: Journal, refusing: Refusing) -> None:
        refusing.stop()
        refusing.stop()
        again = Refusing(journal, *refusing.address)
        again.start()
        again.stop()

    async def test_the_port_can_be_taken_right_after_a_server_has_closed_connections(
        self, journal: Journal, refusing: Refusing
    ) -> None:
        with refusing.hand_over() as healthy:
            healthy.listen()
            with await connect(refusing.address) as client:
                serve_one(healthy)  # closes first, so that TIME_WAIT is on this side
                while await asyncio.get_running_loop().sock_recv(client, 100):
                    pass
        again = Refusing(journal, *refusing.address)
        again.start()
        again.stop()

    def test_starting_twice_or_handing_over_nothing_is_an_error(self, refusing: Refusing) -> None:
        with pytest.raises(RuntimeError, match="started already"):
            refusing.start()
        refusing.stop()
        with pytest.raises(RuntimeError, match="no socket"):
            refusing.hand_over()


class TestHanging:
    def test_a_syn_is_not_answered_and_the_queue_holds_our_fillers_only(
        self, journal: Journal, hanging: Hanging
    ) -> None:
        with new_socket() as client:
            assert client.connect_ex(hanging.address) == errno.EINPROGRESS
            assert state(client) == SYN_SENT
        [event] = journal
        assert event == TcpHanging(at=event.at, server=event.server, backlog=1, fillers=2)

    async def test_a_connection_that_waits_is_answered_once_healed(self, hanging: Hanging) -> None:
        loop = asyncio.get_running_loop()
        with new_socket() as client:
            waiting = asyncio.create_task(loop.sock_connect(client, hanging.address))
            await asyncio.sleep(0)
            assert state(client) == SYN_SENT
            healthy = hanging.hand_over()
            hanging.stop()
            healthy.listen(10)
            async with asyncio.timeout(DEADLINE):
                await waiting  # the kernel sends the SYN again after a second
            assert state(client) == ESTABLISHED
            assert accept_queue_length(healthy) == 1, "the fillers are gone"
            said, _ = serve_one(healthy)
            assert await loop.sock_recv(client, 100) == said
            healthy.close()

    def test_stopping_frees_the_port(self, journal: Journal, hanging: Hanging) -> None:
        hanging.stop()
        hanging.stop()
        again = Hanging(journal, *hanging.address)
        again.start()
        again.stop()

    @pytest.mark.parametrize(
        ("granted", "complaint"), [(1, "full before we have filled it"), (5, "3 connections wait, 2 of ours")]
    )
    def test_a_stranger_in_the_queue_is_not_taken_for_a_filler(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch, granted: int, complaint: str
    ) -> None:
        listen = socket.socket.listen
        with new_socket() as stranger:

            def listen_and_be_called(listening: socket.socket, _backlog: int) -> None:
                listen(listening, granted)
                stranger.connect_ex(listening.getsockname())

            monkeypatch.setattr(socket.socket, "listen", listen_and_be_called)
            monkeypatch.setattr("fake_servers.tcp.faults._FILL_SECONDS", 0.05)
            with pytest.raises(RuntimeError, match=complaint):
                Hanging(journal, HOST, 0).start()
        assert len(journal) == 0

    def test_a_queue_that_accepts_more_is_noticed(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fault = Hanging(journal, HOST, 0)
        listen = socket.socket.listen
        monkeypatch.setattr(socket.socket, "listen", lambda self, _backlog: listen(self, 5))
        with pytest.raises(RuntimeError, match="was answered"):
            fault.start()
        assert len(journal) == 0


class TestUnreachable:
    @pytest.mark.parametrize("host", ["239.77.1.2", "127.255.255.255"])
    async def test_connecting_fails_at_once(self, journal: Journal, host: str) -> None:
        fault = Unreachable(journal, host, 2525)
        fault.start()
        with pytest.raises(OSError, match="unreachable"):
            await connect((host, 2525))
        assert [event.kind for event in journal] == ["unreachable"]
        fault.stop()

    def test_an_address_that_answers_is_not_called_unreachable(
        self, journal: Journal, refusing: Refusing
    ) -> None:
        with pytest.raises(RuntimeError, match="not unreachable"):
            Unreachable(journal, *refusing.address).start()

    def test_it_cannot_be_healed(self, journal: Journal) -> None:
        with pytest.raises(TypeError, match="DNS"):
            Unreachable(journal, "239.77.1.2", 2525).hand_over()


class TestProbe:
    async def test_each_outcome_is_told_and_noted(
        self, journal: Journal, refusing: Refusing, hanging: Hanging
    ) -> None:
        with socket.create_server((HOST, 0)) as healthy:
            places = [refusing.address, hanging.address, ("239.77.1.2", 2525), healthy.getsockname()]
            outcomes = [await probe(journal, host, port, 0.05) for host, port in places]
        assert outcomes == ["refused", "timeout", "unreachable", "connected"]
        noted = list(journal.of(TcpProbe))
        assert [event.outcome for event in noted] == outcomes
        assert [event.server for event in noted] == [f"{host}:{port}" for host, port in places]


class TestSynWatch:
    @pytest.fixture(autouse=True)
    def _without_rest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("fake_servers.tcp.syn_watch._REST", 0)

    async def test_each_connection_that_waits_is_noted_once(
        self, journal: Journal, hanging: Hanging, refusing: Refusing
    ) -> None:
        watch = SynWatch(journal, interval=0.01)
        for host, port in (hanging.address, refusing.address):
            watch.watch(host, port)
        await watch.start()
        peers = set()
        for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, f"::ffff:{HOST}")):
            with socket.socket(family) as client:
                client.setblocking(False)
                client.connect_ex((host, hanging.address[1]))
                peers.add(f"127.0.0.1:{client.getsockname()[1]}")
                await samples(watch, 5)
        with pytest.raises(ConnectionRefusedError):
            await connect(refusing.address)
        await samples(watch, 2)
        seen = list(journal.of(TcpSyn))
        assert {event.peer for event in seen} == peers
        for event in seen:
            assert event.server == f"{HOST}:{hanging.address[1]}"
            assert event.outcome == "dropped"
            seconds = event.seconds
            assert isinstance(seconds, float)
            assert 0.03 <= seconds <= journal.now() - event.at
        await watch.stop()
        assert len(list(journal.of(TcpSyn))) == 2

    async def test_what_still_waits_is_noted_at_the_end(self, journal: Journal, hanging: Hanging) -> None:
        watch = SynWatch(journal, interval=0.01)
        await watch.start()
        with new_socket() as first, new_socket() as second:
            first.connect_ex(hanging.address)
            watch.watch(*hanging.address)
            await samples(watch, 3)
            watch.unwatch(*hanging.address)
            assert len(journal) == 2
            second.connect_ex(hanging.address)
            watch.watch(*hanging.address)
            await samples(watch, 3)
            await watch.stop()
        assert [event.kind for event in journal] == ["hanging", "syn", "syn", "syn"]

    async def test_probes_ignored_peers_and_single_sightings_do_not_count(
        self, journal: Journal, hanging: Hanging
    ) -> None:
        watch = SynWatch(journal, interval=0.01)
        watch.watch(*hanging.address)
        await watch.start()
        assert await probe(journal, *hanging.address, 0.05, unseen_by=watch) == "timeout"
        with new_socket() as client:
            client.connect_ex(hanging.address)
            watch._sample()
        await samples(watch, 2)
        await watch.stop()
        assert [event.kind for event in journal] == ["hanging", "probe"]

    async def test_however_dear_a_sample_is_the_next_one_is_not_put_off_for_long(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("fake_servers.tcp.syn_watch._REST", 1e9)
        watch = SynWatch(journal)
        rests: list[float] = []
        monkeypatch.setattr(watch, "_schedule", rests.append)
        watch._tick()
        assert rests == [0.5]


async def samples(watch: SynWatch, count: int) -> None:
    """Wait until the watch has looked that many times more."""
    looked = asyncio.Event()
    left = count
    sample = watch._sample

    def counted() -> None:
        nonlocal left
        sample()
        left -= 1
        if left <= 0:
            looked.set()

    watch._sample = counted  # type: ignore[method-assign]
    async with asyncio.timeout(DEADLINE):
        await looked.wait()
    watch._sample = sample  # type: ignore[method-assign]
