"""The relay's process: start, announce, run until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import resource
import signal

from .clock import Clock
from .control import Control
from .events import EventLog
from .intake import Submission
from .relay import Relay
from .settings import Settings
from .spool import Spool

log = logging.getLogger(__name__)


async def serve(settings: Settings) -> None:
    """Run the relay until SIGTERM or SIGINT.

    Once it accepts mail, one JSON line on standard output says where. Attempts under way when it stops are
    abandoned; their messages are in the spool.

    Raises:
        OSError: An address cannot be used, or a file cannot be written.
        SpoolInUse: Another relay has the spool.
        sqlite3.Error: The spool cannot be used.
    """
    config = settings.config
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _raise_file_limit()
    async with contextlib.AsyncExitStack() as stack:
        spool = Spool(config.spool)
        stack.push_async_callback(spool.close)
        events = stack.enter_context(contextlib.closing(EventLog(config.event_log)))
        relay = Relay(config, Clock(config.clock_offset_file), spool, events)
        relay.resume()
        scheduler = asyncio.create_task(relay.run())
        stack.push_async_callback(relay.abandon)
        stack.push_async_callback(_cancel, scheduler)  # the last in is the first out: no new attempts then
        await _listen(settings, relay, stack)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, scheduler}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if scheduler.done():
            scheduler.result()  # a scheduler that ends by itself ends by an error


async def _listen(settings: Settings, relay: Relay, stack: contextlib.AsyncExitStack) -> None:
    config = settings.config
    loop = asyncio.get_running_loop()
    control = await asyncio.start_server(
        Control(relay, settings).serve_client, config.control.host, config.control.port
    )
    stack.callback(control.close)
    submission = await loop.create_server(
        lambda: Submission(relay, config.hostname), config.listen.host, config.listen.port, backlog=1024
    )
    stack.callback(submission.close)
    control_address = list(control.sockets[0].getsockname()[:2])
    config.control_file.write_text(json.dumps(control_address), encoding="ascii")
    stack.callback(config.control_file.unlink, missing_ok=True)
    ready = {
        "ready": True,
        "submission": list(submission.sockets[0].getsockname()[:2]),
        "control": control_address,
    }
    print(json.dumps(ready), flush=True)
    log.info("ready, process %d", os.getpid())


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


def _raise_file_limit() -> None:
    """Allow as many connections as the system lets us have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
