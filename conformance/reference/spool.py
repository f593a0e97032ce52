"""The durable queue: an SQLite file in which accepted means on disk.

All that changes the file is done by one thread, and operations that wait for it share a transaction: under load
one synchronisation with the disk serves many messages. An operation has happened when its coroutine returns. Messages
are read by another thread, which no synchronisation holds up (https://www.sqlite.org/wal.html, "Concurrency"): a disk
may take half a second for one.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from .errors import Failure
from .message import Message, Recipient

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    queue_id TEXT PRIMARY KEY, sender TEXT NOT NULL, accepted_at REAL NOT NULL, ret TEXT NOT NULL,
    envid TEXT NOT NULL, body TEXT NOT NULL, received_from TEXT NOT NULL, content BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS recipient (
    queue_id TEXT NOT NULL REFERENCES message ON DELETE CASCADE, number INTEGER NOT NULL,
    address TEXT NOT NULL, notify TEXT NOT NULL, orcpt TEXT NOT NULL, attempts INTEGER NOT NULL,
    next_retry REAL NOT NULL, failure TEXT, last_error TEXT NOT NULL, last_attempt_at REAL,
    PRIMARY KEY (queue_id, number)
) STRICT;
CREATE TABLE IF NOT EXISTS alert (number INTEGER PRIMARY KEY, details TEXT NOT NULL) STRICT;
"""

Operation = Callable[[sqlite3.Connection], None]


class SpoolInUse(Exception):
    """Another relay works on the same spool."""


class Spool:
    """The queue on disk.

    Raises:
        SpoolInUse: Another process has it open.
        sqlite3.Error: The file is no spool or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = _lock(path)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;" + _SCHEMA
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool-reader")
        self._reading = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._waiting: list[tuple[Operation, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    def load(self) -> list[Message]:
        """Return all messages with their waiting recipients, oldest first; called once, before all else."""
        messages: dict[str, Message] = {}
        for row in self._database.execute(
            "SELECT queue_id, sender, accepted_at, ret, envid, body, received_from"
            " FROM message ORDER BY accepted_at, rowid"
        ):
            queue_id, sender, accepted_at, ret, envid, body, received_from = row
            messages[queue_id] = Message(
                queue_id=queue_id,
                sender=sender,
                accepted_at=accepted_at,
                recipients=[],
                ret=ret,
                envid=envid,
                body=body,
                received_from=received_from,
            )
        for queue_id, *columns in self._database.execute(
            "SELECT queue_id, number, address, notify, orcpt, attempts, next_retry, failure, last_error,"
            " last_attempt_at FROM recipient ORDER BY queue_id, number"
        ):
            messages[queue_id].recipients.append(_recipient(columns))
        return list(messages.values())

    async def content(self, queue_id: str) -> bytes:
        """Return the octets of a message."""

        def read() -> bytes:
            found: tuple[bytes] | None = self._reading.execute(
                "SELECT content FROM message WHERE queue_id = ?", (queue_id,)
            ).fetchone()
            if found is None:
                raise KeyError(queue_id)
            return found[0]

        return await asyncio.get_running_loop().run_in_executor(self._reader, read)

    def load_alerts(self) -> list[dict[str, Any]]:
        """Return all alerts that were kept, oldest first; called once, before all else."""
        rows = self._database.execute("SELECT details FROM alert ORDER BY number")
        return [json.loads(details) for (details,) in rows]

    async def keep_alert(self, number: int, details: dict[str, Any]) -> None:
        """Keep the alert of a number, in the place of what was kept of it before.

        Raises:
            sqlite3.Error: It is not on disk.
        """
        row = (number, json.dumps(details))
        await self._do(lambda database: _run(database, "REPLACE INTO alert VALUES (?, ?)", row))

    async def add(self, message: Message, content: bytes) -> None:
        """Keep a new message; it is on disk when this returns.

        Raises:
            sqlite3.Error: It is not on disk.
        """
        await self._do(lambda database: _insert(database, message, content))

    async def settle(
        self,
        message: Message,
        *,
        gone: Iterable[Recipient],
        deferred: Iterable[Recipient],
        report: tuple[Message, bytes] | None,
    ) -> None:
        """Record how an attempt ended, all of it or nothing.

        Args:
            message: The message that was tried.
            gone: Recipients that need no further attempt; with the last one the message goes as well.
            deferred: Recipients that wait for another attempt.
            report: The non-delivery report that takes the place of `gone`, with its content.
        """
        gone_numbers = [(message.queue_id, recipient.number) for recipient in gone]
        waiting = [_progress(message, recipient) for recipient in deferred]

        def settle(database: sqlite3.Connection) -> None:
            if report is not None:
                _insert(database, *report)
            database.executemany("DELETE FROM recipient WHERE queue_id = ? AND number = ?", gone_numbers)
            database.executemany(
                "UPDATE recipient SET attempts = ?, next_retry = ?, failure = ?, last_error = ?,"
                " last_attempt_at = ? WHERE queue_id = ? AND number = ?",
                waiting,
            )
            database.execute(
                "DELETE FROM message WHERE queue_id = ?1"
                " AND NOT EXISTS (SELECT 1 FROM recipient WHERE queue_id = ?1)",
                (message.queue_id,),
            )

        await self._do(settle)

    async def _do(self, operation: Operation) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((operation, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await done

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            operations = [operation for operation, _ in batch]
            error = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, operations)
            for _, done in batch:
                if done.cancelled():
                    continue
                if error is None:
                    done.set_result(None)
                else:
                    done.set_exception(error)

    def _commit(self, operations: list[Operation]) -> sqlite3.Error | None:
        """Run all operations in one transaction: all of them, or none."""
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for operation in operations:
                operation(self._database)
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            return error
        return None

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()
        self._reader.shutdown()
        self._reading.close()
        self._database.close()
        self._lock.close()


def _lock(path: Path) -> IO[bytes]:
    """Take the lock that keeps two relays off one spool; the kernel frees it however the process ends."""
    file = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise SpoolInUse(f"{path}: another relay is using this spool") from error
    return file


def _run(database: sqlite3.Connection, statement: str, row: tuple[object, ...]) -> None:
    database.execute(statement, row)


def _insert(database: sqlite3.Connection, message: Message, content: bytes) -> None:
    database.execute(
        "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.queue_id,
            message.sender,
            message.accepted_at,
            message.ret,
            message.envid,
            message.body,
            message.received_from,
            content,
        ),
    )
    database.executemany(
        "INSERT INTO recipient VALUES (?, ?, ?, ?, ?, 0, ?, NULL, '', NULL)",
        [
            (message.queue_id, each.number, each.address, each.notify, each.orcpt, each.next_retry)
            for each in message.recipients
        ],
    )


def _progress(message: Message, recipient: Recipient) -> tuple[object, ...]:
    failure = None if recipient.failure is None else json.dumps(recipient.failure.to_json())
    return (
        recipient.attempts,
        recipient.next_retry,
        failure,
        recipient.last_error,
        recipient.last_attempt_at,
        message.queue_id,
        recipient.number,
    )


def _recipient(columns: list[object]) -> Recipient:
    number, address, notify, orcpt, attempts, next_retry, failure, last_error, last_attempt_at = columns
    assert isinstance(number, int)
    assert isinstance(attempts, int)
    assert isinstance(next_retry, float)
    assert last_attempt_at is None or isinstance(last_attempt_at, float)
    return Recipient(
        number=number,
        address=str(address),
        notify=str(notify),
        orcpt=str(orcpt),
        attempts=attempts,
        next_retry=next_retry,
        failure=None if failure is None else Failure.from_json(json.loads(str(failure))),
        last_error=str(last_error),
        last_attempt_at=last_attempt_at,
    )
