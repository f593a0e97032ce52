"""Runs inside a mount namespace: a relay on a tiny file system that fills up, is killed there, and gets room again.

Usage: full_disk_script.py FOLDER; prints what it saw as JSON.
"""

import asyncio
import errno
import json
import subprocess
import sys
from pathlib import Path

from conformance.lab import namespace
from crash.lone_relay import lone_relay
from fake_servers import Rule, Script, Stage, Stall

_SIZE = "2m"


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


async def look(folder: Path) -> dict[str, object]:
    disk = folder / "disk"
    filler = disk / "filler"
    async with lone_relay(folder, disk) as lone:
        lone.server.repair(Script(Rule(Stage.GREETING, Stall())))
        before = await lone.submit()
        kept = lone.recipient
        fill(filler)
        full = [await lone.submit(octets) for octets in (1_000, 100_000)]
        await lone.relay.kill()
        lone.server.repair()
        filler.unlink()
        await lone.relay.restart()
        await lone.arrives(kept)
        fill(filler)
        again = await lone.submit(100_000)
        filler.unlink()
        after = await lone.submit(100_000)
        await lone.arrives(lone.recipient)
        return {"before": before, "full": full, "again": again, "after": after, "arrived": lone.arrived()}


if __name__ == "__main__":
    namespace.enter(hostname="relay.test", resolver="10.77.0.53")
    mount_point = Path(sys.argv[1]) / "disk"
    mount_point.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(mount_point)], check=True)
    print(json.dumps(asyncio.run(look(Path(sys.argv[1])))))
