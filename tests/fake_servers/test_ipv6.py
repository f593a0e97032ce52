"""Servers on ::1: on this machine if it has that address, else in a network namespace, where there is one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("ipv6_script.py")
UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
DEADLINE = 120  # seconds


def has_loopback() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_servers_listen_on_ipv6() -> None:
    script = [sys.executable, "-W", "error", str(SCRIPT)]
    ran = subprocess.run(
        script if has_loopback() else [*UNSHARE, *script, "--bring-lo-up"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == ("done\n", "", 0)
