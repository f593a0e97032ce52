"""The fake world goes before the relay, where that is allowed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GOES_AHEAD = """
import asyncio, os, sys
from pathlib import Path
from conformance.targets import precedence
from conformance.targets.kit import run
from conformance.targets.process import spawn

def place(pid):
    return os.getpriority(os.PRIO_PROCESS, pid), Path(f"/proc/{pid}/autogroup").read_text().split()[-1:]

async def main():
    os.setpriority(os.PRIO_PROCESS, 0, 3)
    if sys.argv[2] == "nobody":
        os.setuid(65534)
    precedence.go_ahead()
    relay = await spawn(["sleep", "1000"], cwd=Path("/tmp"), log=Path(sys.argv[1]))
    print(place(os.getpid())[0], place(relay.pid)[0], place(os.getpid())[1] == place(relay.pid)[1])
    await relay.kill()
    left = int(await run("sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $!"))
    print(place(left)[0], place(os.getpid())[1] == place(left)[1])
    os.kill(left, 9)

asyncio.run(main())
"""


def _is_root() -> bool:
    tried = subprocess.run(["nice", "-n", "-1", "true"], capture_output=True, check=False)
    return tried.returncode == 0 and not tried.stderr


@pytest.mark.skipif(not _is_root(), reason="nobody else may")
@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the kernel has no such groups")
@pytest.mark.parametrize(("who", "seen"), [("root", "-7 3 False\n3 False"), ("nobody", "3 3 True\n3 True")])
def test_the_fake_world_goes_before_the_relay(who: str, seen: str) -> None:
    command = [sys.executable, "-c", GOES_AHEAD, "/dev/null", who]
    done = subprocess.run(command, capture_output=True, text=True, check=False, start_new_session=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == seen
