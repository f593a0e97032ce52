"""Runs in a network namespace of its own (see test_tcp_packet_watch.py) and prints what the watch noted."""

import asyncio
import fcntl
import json
import socket
import struct

from fake_servers.event_json import to_json
from fake_servers.events import Event, FakeBroke, TcpStray, TcpSyn
from fake_servers.journal import Journal
from fake_servers.tcp import Hanging, PacketWatch, Refusing, probe
from fake_servers.tcp.sockets import new_socket

INSIDE, OUTSIDE = "10.77.1.1", "203.0.113.5"
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1


def configure(interface: str, address: str) -> None:
    """Bring an interface (or an alias of it) up with an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = interface.encode()
        request = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(control, SIOCSIFADDR, request)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP))


def carry_much() -> None:
    """Send several times what fits into the watch's buffer over one connection."""
    with (
        socket.create_server((INSIDE, 2528)) as server,
        socket.create_connection((INSIDE, 2528)) as sending,
    ):
        receiving, _ = server.accept()
        with receiving:
            for _ in range(400):
                sending.sendall(bytes(65_536))
                left = 65_536
                while left:
                    left -= len(receiving.recv(left))


async def main() -> None:
    configure("lo", "127.0.0.1")
    configure("lo:1", INSIDE)
    configure("lo:2", OUTSIDE)
    journal = Journal()
    clients: dict[str, int] = {}

    def client(name: str, address: tuple[str, int]) -> socket.socket:
        made = new_socket()
        made.connect_ex(address)
        clients[name] = made.getsockname()[1]
        return made

    unwatched = Refusing(journal, INSIDE, 2524)
    refusing = Refusing(journal, INSIDE, 2525)
    hanging = Hanging(journal, INSIDE, 2526)
    healthy = socket.create_server((INSIDE, 2527))
    watch = PacketWatch(journal)
    await watch.start()
    for fault in (unwatched, refusing, hanging):
        fault.start()
    for port in (2525, 2526, 2527):
        watch.watch(INSIDE, port)

    await probe(journal, INSIDE, 2525, timeout=1, unseen_by=watch)
    await probe(journal, INSIDE, 2526, timeout=0.05, unseen_by=watch)
    noted = asyncio.Event()

    def peer(name: str) -> str:
        return f"{INSIDE}:{clients[name]}"

    def look(event: Event) -> None:
        if isinstance(event, TcpSyn) and event.peer == peer("given_up"):
            noted.set()

    journal.subscribe(look)

    client("unwatched", (INSIDE, 2524)).close()
    client("refused", (INSIDE, 2525)).close()
    retransmitting = client("retransmitted", (INSIDE, 2526))
    client("given_up", (INSIDE, 2526)).close()
    with client("answered", (INSIDE, 2527)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stray:
        for _ in range(2):
            stray.sendto(b"?", (OUTSIDE, 53))
    async with asyncio.timeout(60):
        await noted.wait()
    carry_much()  # while the watch cannot read: nothing of it may crowd out what matters
    last = client("at_the_end", (INSIDE, 2526))
    await watch.stop()
    last.close()
    retransmitting.close()
    for fault in (unwatched, refusing, hanging):
        fault.stop()
    healthy.close()
    names = {peer(name): name for name in clients}
    events = [to_json(event) for event in journal if isinstance(event, TcpSyn | TcpStray | FakeBroke)]
    print(json.dumps({"names": names, "events": events, "stray": watch.stray}))


if __name__ == "__main__":
    asyncio.run(main())
