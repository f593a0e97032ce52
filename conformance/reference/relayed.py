"""The report that a message was relayed, and that nothing more will be heard of it (RFC 3461 5.2.2)."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping

from .dsn import decode_xtext, final_recipient, mta_name, report_of
from .message import Message, Recipient
from .transaction import Delivered

log = logging.getLogger(__name__)

Load = Callable[[str], Awaitable[bytes]]
Accept = Callable[[Message, bytes], Awaitable[None]]


async def tell_of_relaying(
    message: Message,
    delivered: Mapping[Recipient, Delivered],
    load: Load,
    accept: Accept,
    hostname: str,
    at: float,
) -> None:
    """Report the recipients who asked for a report of success, and whose server sends none.

    Args:
        message: The message; its reverse-path is where the report goes.
        delivered: Who took it for whom.
        load: Reads the octets of a message by its queue id.
        accept: Takes the report into the queue.
        hostname: This relay's name.
        at: Now, in seconds since the epoch.
    """
    relayed = {who: done for who, done in delivered.items() if who.wants_success_report and not done.reports}
    if not relayed or not message.sender:
        return
    people = ["Your message was relayed to a server that sends no reports of delivery:", ""]
    fields: list[str] = []
    for recipient, done in relayed.items():
        people.append(f"  {recipient.address} ({done.server})")
        kind, _, address = recipient.orcpt.partition(";")
        fields += [
            "",
            *([f"Original-Recipient: {kind};{decode_xtext(address)}"] if recipient.orcpt else []),
            f"Final-Recipient: {final_recipient(recipient)}",
            "Action: relayed",
            "Status: 2.0.0",
            f"Remote-MTA: dns; {mta_name(done.server)}",
            f"Diagnostic-Code: smtp;{done.line}",
        ]
    content = await load(message.queue_id)
    report = report_of(message, content, "Relayed", people, fields, hostname=hostname, at=at)
    back = Recipient(number=0, address=message.sender, next_retry=at)
    try:
        await accept(Message(sender="", accepted_at=at, recipients=[back]), report)
    except sqlite3.Error as error:
        log.error("%s: no report of its relaying, the spool failed: %s", message.queue_id, error)
