"""The mailboxes of known recipients, one maildir each: `FOLDER/DOMAIN/LOCAL-PART/new/QUEUE-ID`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from .errors import Failure
from .files import write_durably
from .message import Message, Recipient
from .routing import Here, domain_of
from .transaction import Delivered, Results

log = logging.getLogger(__name__)

_FOLDERS = ("tmp", "new", "cur")


def mailbox(folder: Path, address: str) -> Path:
    """Return the maildir of an address; letters lose their case, and what a file name cannot hold is %-encoded."""
    local = address.rpartition("@")[0].lower()
    return folder / domain_of(address) / quote(local, safe="+=")


async def deliver_here(
    folder: Path, message: Message, content: bytes, recipients: Sequence[Recipient]
) -> Results:
    """Put a message into the mailboxes of its recipients; return for each how that ended."""
    results: Results = {}
    for recipient in recipients:
        try:
            await asyncio.to_thread(
                _put, folder, recipient.address, message.queue_id, message.sender, content
            )
        except OSError as error:
            log.error("%s: mailbox of %s: %s", message.queue_id, recipient.address, error)
            results[recipient] = Failure(
                code="451",
                status="4.3.0",
                text="Mailbox could not be written",
                detail=error.strerror or type(error).__name__,
                server=Here.MAILBOX.label,
            )
        else:
            results[recipient] = Delivered(Here.MAILBOX.label, "250 2.1.5 Delivered to the mailbox")
    return results


def _put(folder: Path, address: str, queue_id: str, sender: str, content: bytes) -> None:
    """Put a message into a mailbox; it is on disk when this returns, once, however often it is done.

    The queue id is the file's name, so that a delivery repeated after a crash replaces the first. The
    reverse-path goes on top (RFC 5321 4.4, final delivery).

    Raises:
        OSError: It is not on disk.
    """
    box = mailbox(folder, address)
    for name in _FOLDERS:
        (box / name).mkdir(parents=True, exist_ok=True)
    write_durably(
        box / "new" / queue_id, f"Return-Path: <{sender}>\r\n".encode("ascii") + content, box / "tmp"
    )
