"""Two relays with the same fixed paths in one namespace lab, each with a view of its own: `view_script.py FOLDER`.

Prints what each of them sees, and what the lab sees meanwhile and afterwards, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from conformance.lab import namespace
from conformance.target import Address, RelayConfig, TargetError
from conformance.targets.kit import Daemons, View, own_addresses, view

SPOOL, CONFIG, LIBRARY = (
    Path("/var/spool/myrelay"),
    Path("/etc/myrelay/conf"),
    Path("/usr/lib/myrelay/version"),
)
LOGGING = "import syslog; syslog.openlog('myrelay', 0, syslog.LOG_MAIL); syslog.syslog('deferred {}')"


def _config(work: Path) -> RelayConfig:
    return RelayConfig(
        work_directory=work,
        hostname="relay.test",
        listen=Address("10.77.0.25", 0),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=(),
        trust_anchors=work / "trust.pem",
        retry_interval=1,
        max_retry_interval=1,
        queue_lifetime=4,
        connect_timeout=2,
        command_timeout=2,
        dns_timeout=2,
    )


async def play(work: Path, unpacked: Path, both: threading.Barrier) -> dict[str, Any]:
    config, seen = _config(work), {}
    async with view(config, "My relay", unpacked) as here:
        here.add_user("myrelay")
        seen["user"] = here.add_user("myrelay") == pwd.getpwnam("myrelay").pw_uid
        here.spool(SPOOL, "myrelay", 0o750)
        here.write(CONFIG, work.name)
        here.append("/etc/hosts", f"10.77.0.25 of-{work.name}\n")
        here.folder("/run/myrelay")
        here.show(here.folder(work / "log"), "/var/log/myrelay")
        here.trust(config.trust_anchors)
        own_addresses(config)
        log = work / "mail.log"
        await here.syslog(log)
        daemons = Daemons(work, view=here, clock=(clock := here.clock(chroots=["/run/myrelay"])))
        # a daemon that leaves its group, as those do that go to the background
        await daemons.run("setsid", "-f", "sleep", "1000")
        await daemons.run("sh", "-c", f"echo mail > {SPOOL}/1 && echo log > /var/log/myrelay/1")
        await daemons.run(sys.executable, "-c", LOGGING.format(work.name))
        both.wait(30)
        seen |= await asyncio.to_thread(_looks, here, log, work)
        if clock is not None:
            clock.advance(3 * 86400)
            seen["clock in a chroot"] = await daemons.run(
                "cat", "/run/myrelay/etc/mailflow-relay/clock/offset"
            )
        both.wait(30)
        seen["running"] = len(_sleeping())
        both.wait(30)
        if work.name == "one":
            await daemons.kill()
        both.wait(30)
        seen["running after the kill of one"] = len(_sleeping())
        both.wait(30)
        await daemons.kill()
        await daemons.run(sys.executable, "-c", LOGGING.format("again"))
        seen["syslog lives"] = bool(await asyncio.to_thread(_until, lambda: "again" in log.read_text()))
        await daemons.run("setsid", "-f", "sleep", "1000")
    both.wait(30)
    seen["running afterwards"] = len(_sleeping())
    return seen


def _looks(here: View, log: Path, work: Path) -> dict[str, Any]:
    spool = SPOOL.stat()
    said = _until(lambda: log.read_text() if log.exists() and "deferred" in log.read_text() else "")
    return {
        "config": CONFIG.read_text(),
        "spool": [
            sorted(path.name for path in SPOOL.iterdir()),
            spool.st_uid == pwd.getpwnam("myrelay").pw_uid,
        ],
        "log": (work / "log" / "1").read_text(),
        "on the work directory's disk": (work / "spool-myrelay" / "1").exists(),
        "library": LIBRARY.read_text(),
        "packaged": Path("/etc/myrelay/packaged").read_text(),
        "resolver": "10.77.0.53" in Path("/etc/resolv.conf").read_text(),
        "hosts": f"of-{work.name}" in Path("/etc/hosts").read_text(),
        "authorities": Path("/etc/ssl/certs/ca-certificates.crt").read_text(),
        "said": said.rpartition("myrelay: ")[2],
        "nosuid": os.statvfs("/usr").f_flag & os.ST_NOSUID != 0,
        "shm": os.access("/dev/shm", os.W_OK),
    }


def _until(look: Any) -> Any:
    done = threading.Event()
    for _ in range(500):
        if found := look():
            return found
        done.wait(0.02)
    return ""


def _sleeping() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state = (entry / "stat").read_text().rpartition(") ")[2][0]
                if (entry / "comm").read_text() == "sleep\n" and state != "Z":
                    found.append(entry.name)
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def main(folder: Path) -> dict[str, Any]:
    namespace.enter(hostname="relay.test", resolver="10.77.0.53")
    unpacked = folder / "unpacked"
    for path, text in {"usr/lib/myrelay/version": "7", "etc/myrelay/packaged": "stock"}.items():
        (unpacked / path).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / path).write_text(text)
    works = [folder / "one", folder / "two"]
    for work in works:
        work.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", works[1]], check=True)  # a disk of its own
    for work in works:
        (work / "trust.pem").write_text(f"authorities of {work.name}")
    both, seen = threading.Barrier(2), {}

    def live(work: Path) -> None:
        try:
            seen[work.name] = asyncio.run(play(work, unpacked, both))
        except BaseException:
            both.abort()
            raise

    threads = [threading.Thread(target=live, args=(work,)) for work in works]
    mounts = Path("/proc/mounts").read_text()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outside = {
        "there": [str(path) for path in (SPOOL, CONFIG, LIBRARY, Path("/run/myrelay")) if path.exists()],
        "users": [entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "myrelay"],
        "mounts": Path("/proc/mounts").read_text() == mounts,
        "dev log": Path("/dev/log").exists(),
    }
    outside["installed"] = asyncio.run(_installed(folder / "installed"))
    try:
        asyncio.run(_elsewhere(folder))
    except TargetError as error:
        outside["another resolver"] = str(error)
    return {**seen, "outside": outside}


async def _installed(work: Path) -> list[Any]:
    """Return what a relay that is installed, and not unpacked, has of its programs and settings."""
    os.mkdir(work)
    async with view(_config(work), "My relay") as here:
        here.write(CONFIG, "installed")
        said = await Daemons(work, view=here).run("sh", "-c", f"cat {CONFIG}; id -u")
        return [said, os.statvfs("/usr").f_flag & os.ST_NOSUID != 0, os.statvfs("/etc").f_flag & os.ST_NOSUID]


async def _elsewhere(folder: Path) -> None:
    from dataclasses import replace

    async with view(replace(_config(folder), resolver=Address("127.0.0.1", 53)), "My relay"):
        pass


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
