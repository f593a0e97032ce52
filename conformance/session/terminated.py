"""SIGTERM ends a run as Ctrl-C does: everything is taken down, and the report says how far it had come."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def heeding_sigterm() -> Iterator[None]:
    """Meanwhile raise `Terminated` in the main thread when SIGTERM comes, unless somebody else has a use for it.

    A second one ends the process at once, as it would have without us.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        raise Terminated("SIGTERM")

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
