"""A witness in a network namespace: every packet on an interface but TCP data (needs CAP_NET_RAW, Linux only)."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from fake_servers.events import FakeBroke, TcpStray, TcpSyn
from fake_servers.journal import Journal
from fake_servers.room import enlarge
from fake_servers.tcp import packet_filter
from fake_servers.tcp.packets import ACK, RST, SNAPSHOT, SYN, Packet, Segment, parse
from fake_servers.tcp.sockets import text

ANSWER_SECONDS: Final = 1.2  # the first retransmission comes after 1 s (RFC 6298 section 2.1)

_ALL_PROTOCOLS: Final = 3  # ETH_P_ALL
_OUTGOING: Final = 4  # PACKET_OUTGOING
_LOOPBACK: Final = 772  # ARPHRD_LOOPBACK
_RECEIVE_BUFFER: Final = 8 << 20
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6


@dataclass(slots=True)
class _Syn:
    """A SYN whose answer has not been seen yet."""

    server: str
    peer: str
    first: float
    timer: asyncio.TimerHandle


class PacketWatch:
    """Notes how the SYNs to watched addresses are answered, and packets that go where nothing should go.

    `tcp/syn`, `at` the time of the first SYN, once for each connection attempt: with `outcome` refused a RST
    came back, after `seconds`; with dropped no answer came. That is noted at the first retransmission,
    `seconds` after the SYN, or after 1.2 s or at the end, with 0 `seconds`. A SYN answered by SYN/ACK is not
    noted.

    `tcp/stray`: the first packet to each address outside `inside` (also listed in `stray`). IPv6 multicast,
    which the kernel sends by itself, is no stray.

    Args:
        journal: Where the events go.
        interface: The interface to watch.
        inside: The networks packets may go to.
    """

    def __init__(
        self,
        journal: Journal,
        interface: str = "lo",
        inside: Iterable[str] = ("10.77.0.0/16", "127.0.0.0/8", "::1/128"),
    ) -> None:
        self.stray: list[str] = []
        self._journal = journal
        self._interface = interface
        self._inside = [ipaddress.ip_network(network) for network in inside]
        self._known: dict[str, bool] = {}
        self._servers: set[tuple[str, int]] = set()
        self._ignored: set[str] = set()
        self._pending: dict[tuple[str, str], _Syn] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._socket: socket.socket | None = None

    def watch(self, host: str, port: int) -> None:
        """Look out for SYNs sent to this address from now on."""
        self._drain()
        self._servers.add((host, port))

    def unwatch(self, host: str, port: int) -> None:
        """Note what was seen of this address, and look no further."""
        self._drain()
        self._servers.discard((host, port))
        for key in [key for key in self._pending if key[1] == text((host, port))]:
            self._dropped(key)

    def ignore(self, peer: str) -> None:
        """Leave this client (`host:port`) out."""
        self._ignored.add(peer)

    def heed(self, peer: str) -> None:
        """End `ignore` for what that client sends from now on."""
        self._drain()
        self._ignored.discard(peer)

    async def start(self) -> None:
        """Start to watch.

        Raises:
            PermissionError: Without CAP_NET_RAW.
            OSError: If there is no such interface.
        """
        if self._socket is not None:
            raise RuntimeError("the watch runs already")
        # Protocol 0 until it is bound, so that nothing from other interfaces gets in.
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        try:
            self._socket.setblocking(False)
            enlarge(self._socket, _RECEIVE_BUFFER)
            packet_filter.attach(self._socket)
            self._socket.bind((self._interface, _ALL_PROTOCOLS))
        except OSError:
            self._socket.close()
            self._socket = None
            raise
        asyncio.get_running_loop().add_reader(self._socket, self._drain)

    async def stop(self) -> None:
        """Read what is left and note the SYNs that nobody has answered."""
        if self._socket is None:
            return
        self._drain()
        for key in list(self._pending):
            self._dropped(key)
        asyncio.get_running_loop().remove_reader(self._socket)
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        _, missed = struct.unpack("=II", statistics)
        self._socket.close()
        self._socket = None
        if missed:
            self._journal.note(FakeBroke(error=f"{missed} packets on {self._interface} were not seen"))

    def _drain(self) -> None:
        """Read all packets that have come."""
        while self._socket is not None:
            try:
                octets, address = self._socket.recvfrom(SNAPSHOT)
            except BlockingIOError:
                return
            except OSError as error:
                # ENETDOWN and the like: the socket goes on, but something may have been missed.
                self._journal.note(FakeBroke(error=f"{self._interface}: {error}"))
                return
            _, _, kind, hardware, *_ = address
            if kind == _OUTGOING and hardware == _LOOPBACK:
                continue  # on a loopback interface each packet comes back in
            if packet := parse(octets):
                self._see(packet)

    def _see(self, packet: Packet) -> None:
        self._guard(packet)
        if (segment := packet.segment) is None:
            return
        source = (packet.source, segment.source_port)
        destination = (packet.destination, segment.destination_port)
        if segment.flags & SYN and not segment.flags & ACK:
            if destination in self._servers and text(source) not in self._ignored:
                self._syn((text(source), text(destination)), segment)
        elif segment.flags & (SYN | RST) and source in self._servers:
            self._answered((text(destination), text(source)), refused=bool(segment.flags & RST))

    def _guard(self, packet: Packet) -> None:
        destination = packet.destination
        if destination not in self._known:
            address = ipaddress.ip_address(destination)
            allowed = any(address in network for network in self._inside)
            self._known[destination] = allowed or (address.version == 6 and address.is_multicast)
            if not self._known[destination]:
                self.stray.append(destination)
                self._journal.note(
                    TcpStray(
                        peer=packet.source,
                        destination=destination,
                        protocol=packet.protocol,
                        port=packet.port,
                    )
                )

    def _syn(self, key: tuple[str, str], segment: Segment) -> None:
        """A new sequence number is a new attempt, the same one a retransmission."""
        if self._sequences.get(key) != segment.sequence:
            if key in self._pending:
                self._dropped(key)
            self._sequences[key] = segment.sequence
            timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._overdue, key)
            self._pending[key] = _Syn(key[1], key[0], self._journal.now(), timer)
        elif key in self._pending:
            self._dropped(key, self._journal.now() - self._pending[key].first)

    def _answered(self, key: tuple[str, str], *, refused: bool) -> None:
        if (syn := self._pending.pop(key, None)) is not None:
            syn.timer.cancel()
            if refused:
                self._note(syn, "refused", self._journal.now() - syn.first)

    def _overdue(self, key: tuple[str, str]) -> None:
        self._drain()  # the answer may lie in the socket's buffer, if the loop was late
        if key in self._pending:
            self._dropped(key)

    def _dropped(self, key: tuple[str, str], seconds: float = 0.0) -> None:
        syn = self._pending.pop(key)
        syn.timer.cancel()
        self._note(syn, "dropped", seconds)

    def _note(self, syn: _Syn, outcome: Literal["dropped", "refused"], seconds: float) -> None:
        self._journal.note(
            TcpSyn(at=syn.first, server=syn.server, peer=syn.peer, outcome=outcome, seconds=seconds)
        )
