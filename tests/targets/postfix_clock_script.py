"""Takes one Postfix in the namespace lab through 30 hours in a few seconds, killed once, and prints what it showed.

Usage: postfix_clock_script.py postfix|postfix-eop WORK_DIRECTORY
"""

import asyncio
import dataclasses
import json
import logging
import smtplib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import trustme
from postfix_lab_script import CONNECTORS, CONTENT, Sink, fakes, remains

from conformance.lab import namespace
from conformance.target import Address, DeliveryEvent, Outcome, RelayConfig
from conformance.targets.postfix import PostfixEopTarget, PostfixRelay, PostfixTarget

HOUR = 3600.0
WAITING = ("User@refused.test", "Silent@refused.test")


def submit(address: Address, sender: str, recipient: str, notify: str = "") -> None:
    options = [f"NOTIFY={notify}"] if notify else []
    with smtplib.SMTP(address.host, address.port, timeout=60) as client:
        client.sendmail(sender, [recipient], CONTENT, rcpt_options=options)


async def attempts(relay: PostfixRelay, count: int) -> Sequence[DeliveryEvent]:
    """Return the events as soon as every waiting message was deferred so often."""

    def enough(events: Sequence[DeliveryEvent]) -> bool:
        deferred = [event.recipient for event in events if event.outcome is Outcome.DEFERRED]
        return all(deferred.count(recipient) >= count for recipient in WAITING)

    return await seen_in(relay.events, enough)


async def seen_in(ask: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(60):
        while True:
            if good(answer := await ask()):
                return answer
            await asyncio.sleep(0.05)  # a log and a queue can only be asked


async def accepts(address: Address) -> bool:
    try:
        _, writer = await asyncio.open_connection(*address)
    except ConnectionRefusedError:
        return False
    writer.close()
    return True


async def day(relay: PostfixRelay, sink: Sink) -> dict[str, Any]:
    seen: dict[str, Any] = {"began": time.time()}
    await asyncio.to_thread(submit, relay.submission, "refused@sender.test", WAITING[0])
    await asyncio.to_thread(submit, relay.submission, "silent@sender.test", WAITING[1], "NEVER")
    await attempts(relay, 1)
    before = time.monotonic()
    await relay.move_clock(HOUR)
    await attempts(relay, 2)
    seen["attempt after a move took"] = time.monotonic() - before
    await relay.kill()
    seen["left by the kill"] = remains()["left running"]
    seen["accepts when killed"] = await accepts(relay.submission)
    await relay.restart()
    seen["after the restart"] = [message.recipient for message in await relay.queue()]
    await relay.move_clock(22 * HOUR + 55 * 60)
    await attempts(relay, 3)
    seen["at 23 h 55"] = sorted(message.recipient for message in await relay.queue())
    seen["reports at 23 h 55"] = [to for to in sink.received if to.endswith("@sender.test")]
    await relay.move_clock(20 * 60)
    await sink.wait_for("refused@sender.test", 90)
    seen["at 24 h 15"] = await seen_in(relay.queue, lambda waiting: not waiting) or []
    await relay.move_clock(5 * HOUR + 45 * 60)
    await asyncio.to_thread(submit, relay.submission, "healthy@sender.test", "User@healthy.test")
    await sink.wait_for("User@healthy.test", 90)
    seen["events"] = [dataclasses.asdict(event) for event in await relay.events()]
    return seen


async def main(name: str, work: Path) -> dict[str, Any]:
    namespace.enter(hostname="relay.test", resolver="10.77.0.53")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(work / "trust.pem")
    sink = Sink()
    await fakes(sink, authority)
    config = RelayConfig(
        work_directory=work,
        hostname="relay.test",
        listen=Address("10.77.0.25", 0),
        resolver=Address("10.77.0.53", 53),
        next_hop_port=25,
        connectors=CONNECTORS,
        trust_anchors=work / "trust.pem",
        retry_interval=900,
        max_retry_interval=3600,
        queue_lifetime=24 * HOUR,
        connect_timeout=2,
        command_timeout=2,
        dns_timeout=2,
    )
    target = {"postfix": PostfixTarget, "postfix-eop": PostfixEopTarget}[name]()
    async with target.running(config) as relay:
        assert isinstance(relay, PostfixRelay)
        seen = await day(relay, sink)
    seen["received"] = {to: [one.decode("latin-1") for one in all_] for to, all_ in sink.received.items()}
    return seen


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2]))) | remains()))
