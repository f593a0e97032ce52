"""The event log: one JSON object per attempt and recipient, one per line, flushed at once."""

from __future__ import annotations

import json
import logging
from enum import StrEnum
from pathlib import Path

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """How an attempt ended for one recipient."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    PERMANENT = "permanent"
    EXPIRED = "expired"


class EventLog:
    """Appends to a file that others may read at any time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(
        self,
        outcome: Outcome,
        *,
        at: float,
        queue_id: str,
        sender: str,
        recipient: str,
        attempt: int,
        text: str,
        destination: str,
    ) -> None:
        """Append one event; `at` is in seconds since the epoch, `attempt` counts from 1."""
        event = {
            "at": at,
            "queue_id": queue_id,
            "sender": sender,
            "recipient": recipient,
            "event": outcome.value,
            "attempt": attempt,
            "text": text,
            "destination": destination,
        }
        try:
            self._file.write(json.dumps(event) + "\n")
        except OSError as error:  # a full disk must not stop the mail
            log.error("event lost: %s: %s", error, event)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
