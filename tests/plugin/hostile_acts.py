"""What a hostile relay does beside its work, run as a program: the reference relay, and an act in a thread of it.

`python hostile_acts.py ACT[,ACT...] serve --config FILE`. The acts begin when the relay is up, and are small: enough
to do harm where nothing bounds it, over within seconds. How much stands in `HOW_MUCH`.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import struct
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dns.message
import dns.query

# The recipient domains of the scenario that is attacked begin so.
VICTIM = "greeting-554"

HOW_MUCH = {"commands": 20_000, "half_open": 1_000, "questions": 4_000, "flood": 100_000, "frames": 20}

_kept: list[socket.socket] = []
_seeded = random.Random(7)


class Fakes:
    """What a relay knows of the fake world: its configuration."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        config: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        self.port: int = config["next_hop_port"]
        host, _, port = config["resolver"].rpartition(":")
        self.resolver = host, int(port)
        self._connectors = config["connector"]

    def victim(self) -> tuple[str, int]:
        """The server of the scenario that is attacked."""
        return self._address(self.victim_name())

    def victim_name(self) -> str:
        """The name of that server."""
        victim = next(each for each in self._connectors if each["domain"].startswith(VICTIM))
        return str(victim["smart_hosts"][0])

    def sink(self) -> tuple[str, int]:
        """The server for what comes back to senders, which is everybody's."""
        return self._address(self._connectors[-1]["smart_hosts"][0])

    def _address(self, name: str) -> tuple[str, int]:
        question = dns.message.make_query(name, "A")
        answer = dns.query.udp(question, self.resolver[0], port=self.resolver[1], timeout=60.0)
        return str(answer.answer[0][0]), self.port


def _say(address: tuple[str, int], *pieces: bytes, reset: bool = False) -> None:
    """Connect and say something, whatever is answered."""
    with socket.create_connection(address, timeout=60.0) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
        except OSError as error:
            print(f"{address}: {error}", file=sys.stderr)


def garbage(fakes: Fakes) -> None:
    """Talks nonsense to SMTP servers: random octets, NULs, a line of megabytes, commands without end."""
    for server in (fakes.victim(), fakes.sink()):
        _say(server, _seeded.randbytes(200_000))
        _say(server, b"\0" * 200_000)
        _say(server, b"EHLO " + b"x" * 4_000_000 + b"\r\n")
        _say(server, b"EHLO relay.test\r\n", b"NOOP\r\n" * HOW_MUCH["commands"])
        _say(server, b"\x16\x03\x01\x02\x00" + _seeded.randbytes(512))
        _say(server, b"\r\n.\r\n\n\n\r\r" * 50)


def half_open(fakes: Fakes) -> None:
    """Opens connections by the thousand and says nothing; resets half of them."""
    kept, server = [], fakes.victim()
    for number in range(HOW_MUCH["half_open"]):
        try:
            connection = socket.create_connection(server, timeout=60.0)
        except OSError as error:
            print(f"{server}: {error}", file=sys.stderr)
            break
        if number % 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            kept.append(connection)
    _kept.extend(kept)


def strays(fakes: Fakes) -> None:
    """Delivers to nobody known where everybody's mail goes, and talks SMTP to the name server."""
    for number in range(100):
        lines = (
            "EHLO relay.test",
            f"MAIL FROM:<nobody{number}@elsewhere.test>",
            f"RCPT TO:<stranger{number}@nowhere.test>",
            "DATA",
            "Subject: stray\r\n\r\nhello\r\n.",
            "QUIT",
        )
        _say(fakes.sink(), *(f"{line}\r\n".encode() for line in lines))
        _say(fakes.resolver, b"EHLO relay.test\r\n", reset=number % 2 == 0)


def dns_flood(fakes: Fakes) -> None:
    """Asks thousands of names that there are not, sends what is no question, loops of compression, huge frames.

    As fast as answers come: what the kernel has no room for reaches nobody.
    """
    flood = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    loop = struct.pack("!6H", 1, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c\x00\x01\x00\x01"
    for number in range(HOW_MUCH["questions"]):
        name = f"{_seeded.randbytes(20).hex()}.example.test"
        wire = dns.message.make_query(name, "A").to_wire()
        flood.sendto((wire, wire[:15], loop, _seeded.randbytes(300))[number % 4], fakes.resolver)
        if number % 50 == 0:
            fakes.sink()
    for _ in range(HOW_MUCH["frames"]):
        _say(fakes.resolver, b"\xff\xff" + _seeded.randbytes(65_535) + b"\xff\xff", reset=True)


def question_flood(fakes: Fakes) -> None:
    """Asks for the victim's server without a pause and takes no answer, for seconds."""
    question = dns.message.make_query(fakes.victim_name(), "A").to_wire()
    if child := os.fork():
        os.waitpid(child, 0)
        return
    flood, sent, began = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0, time.monotonic()
    while (spent := time.monotonic() - began) < 4.0 or (sent < HOW_MUCH["flood"] and spent < 20.0):
        flood.sendto(question, fakes.resolver)
        sent += 1
    print(f"asked {sent} times in {spent:.1f} s", file=sys.stderr, flush=True)
    os._exit(0)


def links(fakes: Fakes) -> None:
    """Puts links, pipes and folders where files of its own are read."""
    folder = fakes.folder
    for name in ("events.jsonl", "relay.log"):
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
    (folder / "passwd.log").symlink_to("/etc/passwd")
    (folder / "loop.log").symlink_to("loop.log")
    (folder / "folder.log").mkdir()
    (folder / "up").symlink_to("/")


def escape(fakes: Fakes) -> None:
    """Leaves a process behind in a session of its own, of which nobody is the parent; it says its number."""
    beside = fakes.folder.parents[1] / "escaped"
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            beside.write_text(str(os.getpid()), encoding="ascii")
            time.sleep(3600)
        os._exit(0)
    while not beside.exists():
        time.sleep(0.01)


def demolish(fakes: Fakes) -> None:
    """Removes its own work directory."""
    shutil.rmtree(fakes.folder)


ACTS: dict[str, Callable[[Fakes], None]] = {
    act.__name__: act
    for act in (garbage, half_open, strays, dns_flood, question_flood, links, escape, demolish)
}


def main(acts: str, config: Path) -> None:
    def act() -> None:
        time.sleep(1.0)  # the relay comes up meanwhile; nothing depends on how long that takes
        fakes = Fakes(config)
        for name in filter(None, acts.split(",")):
            ACTS[name](fakes)
            print(f"did {name}", file=sys.stderr, flush=True)

    from conformance.reference.cli import main as serve

    threading.Thread(target=act, daemon=True).start()
    sys.exit(serve())


if __name__ == "__main__":
    named = sys.argv.pop(1)
    main(named, Path(sys.argv[-1]))
