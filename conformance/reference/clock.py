"""The relay's one clock: the wall clock plus an offset that an operator can change while the relay runs."""

from __future__ import annotations

import logging
import time
from pathlib import Path

log = logging.getLogger(__name__)


class Clock:
    """Seconds since the epoch, moved by the number in a file.

    The file is read on every call; it must be replaced by renaming, so that it is never seen half-written. While
    it is absent the offset is zero; while it holds no number, the last one stays.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._offset_file = offset_file
        self._offset = 0.0

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        if self._offset_file is not None:
            self._refresh(self._offset_file)
        return time.time() + self._offset

    def _refresh(self, path: Path) -> None:
        # read anew at each look: its time stamps are too coarse to tell two changes in quick succession apart
        try:
            text = path.read_text(encoding="ascii")
        except FileNotFoundError:
            text = "0"
        except (OSError, ValueError) as error:
            log.warning("clock offset file %s cannot be read, ignored: %s", path, error)
            return
        try:
            self._offset = float(text)
        except ValueError as error:
            log.warning("clock offset file %s holds no number, ignored: %s", path, error)
