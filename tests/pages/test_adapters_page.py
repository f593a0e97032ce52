"""What docs/adapters.md tells authors to write does what the page says: its blocks of code are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.catalogue.failure_modes import ALL
from conformance.lab import namespace
from conformance.target import Capability, Envelope, MessageRefused
from conformance.wave.connectors import sender_connector

PAGE = (Path(__file__).parents[2] / "docs/adapters.md").read_text(encoding="utf-8")

IN_THE_LAB = r'''
import os, re, socket, subprocess, sys, syslog
from pathlib import Path
from types import SimpleNamespace

work = Path(sys.argv[1])
unpacked = work / "unpacked"
config = SimpleNamespace(
    work_directory=work,
    listen=SimpleNamespace(host="10.77.0.25", port=25),
    resolver=SimpleNamespace(host="10.77.0.53", port=53),
)
TargetError = RuntimeError
name_server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name_server.bind(("10.77.0.53", 53))

LOOK_UP = """
import socket, sys
socket.getaddrinfo("a.test", 25, int(sys.argv[1]), socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
"""

def asks(family):
    looking = subprocess.Popen([sys.executable, "-c", LOOK_UP, str(int(family))], stderr=subprocess.DEVNULL)
    asked = set()
    name_server.settimeout(0.1)
    while True:
        try:
            question, peer = name_server.recvfrom(512)
        except TimeoutError:
            if looking.poll() is not None:
                return asked
            continue
        asked.add({1: "A", 28: "AAAA"}[int.from_bytes(question[-4:-2], "big")])
        name_server.sendto(question[:2] + b"\x81\x83" + question[4:6] + bytes(6) + question[12:], peer)
'''


def _block(containing: str) -> str:
    [block] = [each for each in re.findall(r"(?ms)^```python\n(.*?)^```", PAGE) if containing in each]
    return block


def _in_the_lab(code: str, folder: Path) -> None:
    program = folder / "program.py"
    program.write_text(IN_THE_LAB + code, encoding="utf-8")
    command = [sys.executable, "-m", "conformance.lab.namespace", sys.executable, str(program), str(folder)]
    done = subprocess.run(
        [*namespace.prefix(), *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


needs_the_lab = pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))


@needs_the_lab
def test_a_relay_that_asks_for_no_addresses_does_when_the_device_has_one(tmp_path: Path) -> None:
    code = f"""
assert asks(socket.AF_INET) == set()
{_block('"ip", "address", "replace"')}
assert asks(socket.AF_INET) == {{"A"}}
assert asks(socket.AF_UNSPEC) == {{"A"}}
if Path("/proc/net/if_inet6").exists():
    subprocess.run("{re.findall("`(ip address replace fd77.*?)`", PAGE)[0]}".split(), check=True)
    assert asks(socket.AF_UNSPEC) == {{"A", "AAAA"}}
{_block("re.findall")}
"""
    _in_the_lab(code, tmp_path)


@needs_the_lab
def test_a_relay_that_is_not_installed_is_there_in_the_lab_alone(tmp_path: Path) -> None:
    (tmp_path / "unpacked/usr/lib/myrelay").mkdir(parents=True)
    (tmp_path / "unpacked/usr/lib/myrelay/version").write_text("7")
    code = f"""
{_block('"overlay"')}
assert Path("/usr/lib/myrelay/version").read_text() == "7"
assert Path("/usr/bin/env").exists()
"""
    _in_the_lab(code, tmp_path)
    assert not Path("/usr/lib/myrelay").exists()


@needs_the_lab
def test_a_relay_that_writes_to_syslog_is_read_in_the_lab_alone(tmp_path: Path) -> None:
    before = sorted(os.listdir("/dev"))
    code = f"""
{_block('log.bind("/dev/log")')}
syslog.openlog("myrelay", 0, syslog.LOG_MAIL)
syslog.syslog("deferred")
log.settimeout(10)
line = log.recv(1000).decode()
assert line.startswith("<22>") and line.rstrip().endswith("myrelay: deferred"), line
subprocess.run("echo x > /dev/null && head -c 1 /dev/urandom > /dev/null && test -d /dev/shm", shell=True, check=True)
"""
    _in_the_lab(code, tmp_path)
    assert sorted(os.listdir("/dev")) == before


@pytest.mark.parametrize(("status", "temporary"), [(0, None), (os.EX_TEMPFAIL, True), (os.EX_NOUSER, False)])
def test_submit_says_what_was_refused(
    status: int, temporary: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "myrelay-inject"
    script = ("#!/bin/sh", "cat > content", "echo $* > given", "echo no, $3 >&2", f"exit {status}")
    command.write_text("\n".join(script))
    command.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    names: dict[str, Any] = {"subprocess": subprocess, "os": os, "MessageRefused": MessageRefused}
    exec(_block("def submit("), names)
    envelope = Envelope(sender="a@sender.test", recipients=("b@c.test",), content=b"Subject: x\r\n\r\ny\r\n")
    if temporary is None:
        names["submit"](SimpleNamespace(), envelope)
    else:
        with pytest.raises(MessageRefused, match=r"no, b@c\.test") as refused:
            names["submit"](SimpleNamespace(), envelope)
        assert refused.value.temporary is temporary
    assert (tmp_path / "content").read_bytes() == envelope.content
    assert (tmp_path / "given").read_text() == "-f a@sender.test b@c.test\n"


def test_reports_are_expected_where_the_page_says() -> None:
    connector = sender_connector()
    assert f"in `{connector.domain}`" in PAGE
    assert [f"`{name}`" in PAGE for name in connector.smart_hosts] == [True]


def test_a_relay_that_only_looks_up_mx_is_judged_by_the_modes_named() -> None:
    able = {name for name, mode in ALL.items() if mode.needs <= {Capability.MX}}
    assert able
    assert all("mx" in name.split("_") for name in able)
    assert {name for name, mode in ALL.items() if mode.mx and mode.needs == {Capability.MX}} == able


def test_leaving_out_what_waits_leaves_out_whatever_only_a_time_out_ends() -> None:
    assert '`-m "not waits"`' in PAGE
    assert all(mode.waits_for_timeout for mode in ALL.values() if mode.stalls or mode.needs_total_deadline)
