import json
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.lab import namespace

needs_the_lab = pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))

LOOK_AROUND = """
import errno, json, os, socket, sys
from pathlib import Path
from conformance.lab import namespace

namespace.enter(hostname="relay.lab.test", resolver="10.77.0.53")

def connecting(host):
    try:
        socket.create_connection((host, 25), timeout=2).close()
    except OSError as error:
        return errno.errorcode.get(error.errno, repr(error))

if namespace.has_ipv6():
    ipv6 = socket.create_server(("fd77::1:1", 25), family=socket.AF_INET6)
servers = [socket.create_server(("10.77.1.1", 25)), socket.create_server(("10.77.254.254", 25))]
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).bind(("10.77.0.53", 53))
Path(sys.argv[1]).write_text(json.dumps({
    "devices": sorted(name for _, name in socket.if_nameindex()),
    "routes": Path("/proc/net/route").read_text().splitlines()[1:],
    "hostname": socket.gethostname(),
    "full name": socket.gethostbyname_ex(socket.gethostname())[0],
    "resolv": Path("/etc/resolv.conf").read_text(),
    "own address": socket.gethostbyname("relay.lab.test"),
    "processes": [name for name in os.listdir("/proc") if name.isdigit()],
    "bound": connecting("10.77.1.1"),
    "free": connecting("10.77.9.9"),
    "bound, IPv6": connecting("fd77::1:1"),
    "free, IPv6": connecting("fd77::2:1"),
    "unreachable": connecting("10.78.0.1"),
    "outside": connecting("192.0.2.1"),
}))
"""


@pytest.fixture(scope="module")
def seen_inside(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    report = tmp_path_factory.mktemp("lab") / "report.json"
    subprocess.run([*namespace.prefix(), sys.executable, "-c", LOOK_AROUND, report], check=True, timeout=120)
    seen: dict[str, object] = json.loads(report.read_text())
    return seen


@needs_the_lab
def test_loopback_is_the_only_device_and_no_route_leads_out(seen_inside: dict[str, object]) -> None:
    assert seen_inside["devices"] == ["lo"]
    destinations = [line.split()[1] for line in seen_inside["routes"]]  # type: ignore[attr-defined]
    assert "00000000" not in destinations
    assert seen_inside["outside"] == "ENETUNREACH"


@needs_the_lab
def test_lab_addresses_can_be_bound_or_refuse(seen_inside: dict[str, object]) -> None:
    assert seen_inside["bound"] is None
    assert seen_inside["free"] == "ECONNREFUSED"
    assert seen_inside["unreachable"] == "EHOSTUNREACH"


@needs_the_lab
@pytest.mark.skipif(not namespace.has_ipv6(), reason="this kernel has no IPv6")
def test_ipv6_addresses_of_the_lab_can_be_bound_or_refuse(seen_inside: dict[str, object]) -> None:
    assert seen_inside["bound, IPv6"] is None
    assert seen_inside["free, IPv6"] == "ECONNREFUSED"


@needs_the_lab
def test_names_and_processes_are_its_own(seen_inside: dict[str, object]) -> None:
    assert seen_inside["hostname"] == "relay"
    assert seen_inside["full name"] == "relay.lab.test"
    assert seen_inside["own address"] == "127.0.0.1"
    assert seen_inside["resolv"] == "nameserver 10.77.0.53\noptions timeout:1 attempts:1\n"
    assert seen_inside["processes"] == ["1"]


LOOK_UP = """
import asyncio, json, socket, sys
from conformance.lab import namespace
from fake_servers import DnsServer, Journal, ServFail, Zone
from fake_servers.events import DnsQuery

namespace.enter(hostname="relay.lab.test", resolver="10.77.0.53")

async def main():
    journal, zone = Journal(), Zone()
    zone.set_all("mx.failing.test", ServFail())
    server = DnsServer(journal, zone)
    await server.start("10.77.0.53", 53)
    for name in ("mx.missing.test", "mx.failing.test"):
        try:
            await asyncio.to_thread(socket.getaddrinfo, name, 25, socket.AF_INET, socket.SOCK_STREAM)
        except socket.gaierror:
            continue
    await server.stop()
    print(json.dumps([event.name for event in journal.of(DnsQuery)]))

asyncio.run(main())
"""


@needs_the_lab
def test_the_systems_resolver_asks_for_the_name_and_nothing_else() -> None:
    inside = [*namespace.prefix(), sys.executable, "-c", LOOK_UP]
    done = subprocess.run(inside, check=True, timeout=120, capture_output=True, text=True)
    assert json.loads(done.stdout) == ["mx.missing.test", "mx.failing.test"]


@needs_the_lab
def test_the_outer_machine_is_left_as_it_was(tmp_path: Path) -> None:
    def state() -> list[object]:
        files = [Path(name).read_bytes() for name in ("/etc/resolv.conf", "/etc/hosts", "/proc/self/mounts")]
        return [
            *files,
            socket.gethostname(),
            socket.if_nameindex(),
            sorted(Path("/tmp").glob("mailflow-lab-*")),
        ]

    before = state()
    inside = [sys.executable, "-c", LOOK_AROUND, str(tmp_path / "report.json")]
    subprocess.run([*namespace.prefix(), *inside], check=True, timeout=120)
    assert state() == before


STARTER = """
import subprocess, sys
subprocess.run(sys.argv[2:], pass_fds=[int(sys.argv[1])])
"""

LINGER = """
import os, sys, time
if os.fork() == 0:
    os.setsid()  # a daemon that has left its session
    os.write(int(sys.argv[1]), b"d")
else:
    os.write(int(sys.argv[1]), b"m")
time.sleep(600)
"""


def _wait_readable(descriptor: int) -> bytes:
    ready, _, _ = select.select([descriptor], [], [], 120)
    assert ready, "nothing within 120 s"
    return os.read(descriptor, 16)


@needs_the_lab
def test_kill_9_of_the_starter_ends_everything_inside() -> None:
    reading, writing = os.pipe()
    inside = [*namespace.prefix(), sys.executable, "-c", LINGER, str(writing)]
    starter = subprocess.Popen([sys.executable, "-c", STARTER, str(writing), *inside], pass_fds=[writing])
    os.close(writing)
    try:
        greeted = b""
        while len(greeted) < 2:
            greeted += _wait_readable(reading)
        assert sorted(greeted) == sorted(b"md")
        starter.send_signal(signal.SIGKILL)
        starter.wait(timeout=120)
        assert _wait_readable(reading) == b"", "the pipe's last writer inside is gone"
    finally:
        os.close(reading)
        starter.kill()
        starter.wait(timeout=120)


def test_entering_without_the_prefix_is_an_error() -> None:
    before = Path("/etc/resolv.conf").read_bytes() if Path("/etc/resolv.conf").exists() else None
    with pytest.raises(RuntimeError, match="not inside the namespace lab"):
        namespace.enter(hostname="relay.test", resolver="10.77.0.53")
    assert before is None or Path("/etc/resolv.conf").read_bytes() == before


def test_missing_tools_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(namespace, "_search_path", lambda: str(tmp_path))
    namespace._trial.cache_clear()
    try:
        problem = namespace.unavailable()
        assert problem is not None
        assert "apt-get install iproute2 mount util-linux" in problem
        with pytest.raises(RuntimeError, match="iproute2"):
            namespace.prefix()
    finally:
        namespace._trial.cache_clear()


def test_a_failed_trial_says_why_and_what_would_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "_COMMON", ("false",))
    namespace._trial.cache_clear()
    try:
        assert "exit status 1" in str(namespace.unavailable())
        assert "try" in str(namespace.unavailable()) or "docker" in str(namespace.unavailable())
    finally:
        namespace._trial.cache_clear()
