"""What docs/adapters.md tells authors to write does what the page says: its blocks of code are run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.catalogue.by_mx import why_not_by_mx
from conformance.catalogue.course import Course
from conformance.catalogue.failure_modes import ALL
from conformance.lab import namespace
from conformance.target import Envelope, MessageRefused
from conformance.wave.connectors import sender_connector

PAGE = (Path(__file__).parents[2] / "docs/adapters.md").read_text(encoding="utf-8")

IN_THE_LAB = r'''
import asyncio, os, socket, subprocess, sys
from pathlib import Path
from types import SimpleNamespace

from conformance.targets.kit import Daemons, Debian, find, own_addresses, run, view

work = Path(sys.argv[1])
unpacked = work / "unpacked"
config = SimpleNamespace(
    work_directory=work,
    listen=SimpleNamespace(host="10.77.0.25", port=25),
    resolver=SimpleNamespace(host="10.77.0.53", port=53),
)
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
    [with_ipv6] = re.findall(r"`(own_addresses\(config, ipv6=True\))`", PAGE)
    code = f"""
assert asks(socket.AF_INET) == set()
{_block("own_addresses(config)")}
assert asks(socket.AF_INET) == {{"A"}}
assert asks(socket.AF_UNSPEC) == {{"A"}}
if Path("/proc/net/if_inet6").exists():
    {with_ipv6}
    assert asks(socket.AF_UNSPEC) == {{"A", "AAAA"}}
"""
    _in_the_lab(code, tmp_path)


@needs_the_lab
@pytest.mark.skipif(os.geteuid() != 0, reason="a view is root's")
def test_a_relay_with_fixed_paths_sees_what_the_page_writes(tmp_path: Path) -> None:
    (tmp_path / "unpacked/usr/lib/myrelay").mkdir(parents=True)
    (tmp_path / "unpacked/usr/lib/myrelay/version").write_text("7")
    (tmp_path / "unpacked/packages.txt").write_text("myrelay 7\n")
    (tmp_path / "trust.pem").write_text("authorities")
    looking = """
        assert Path("/usr/lib/myrelay/version").read_text() == "7"
        assert Path("/etc/myrelay/myrelay.conf").read_text() == "port = 25"
        assert Path("/etc/ssl/certs/ca-certificates.crt").read_text() == "authorities"
        assert Path("/var/spool/myrelay").owner() == "myrelay"
        await daemons.run(sys.executable, "-c", "import syslog; syslog.syslog('deferred')")
        assert await run("true") == ""
"""
    code = f"""
config.trust_anchors = work / "trust.pem"
os.environ["MAILFLOW_RELAY_MYRELAY"] = str(unpacked)
listen, settings = config.listen, lambda config, listen: f"port = {{listen.port}}"

async def judged():
{textwrap.indent(_block("async with view("), "    ")}{looking}
asyncio.run(judged())
assert not Path("/etc/myrelay").exists()
"""
    _in_the_lab(code, tmp_path)
    assert "deferred" in (tmp_path / "mail.log").read_text()
    assert not Path("/usr/lib/myrelay").exists()


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
    told = PAGE.partition("## A relay that only looks up MX records")[2].partition("\n## ")[0]
    for name, mode in ALL.items():
        if mode.mx is None and (why := why_not_by_mx(mode, Course.HEALED)):
            assert why.removeprefix("here ").partition(":")[0].partition(";")[0] in told, name


def test_leaving_out_what_waits_leaves_out_whatever_only_a_time_out_ends() -> None:
    assert '`-m "not waits"`' in PAGE
    assert all(mode.waits_for_timeout for mode in ALL.values() if mode.stalls or mode.needs_total_deadline)
    assert ALL["report_silent_at_rcpt"].waits_for_timeout, "nor does anything else end it where reports go"
    assert not ALL["report_refused_at_rcpt"].waits_for_timeout
