"""Where faults take hold that alter what passes by: replies, content on its way, reports, and MAIL commands.

Each helper marks what comes out otherwise than it was, and nothing else: there the situation has occurred.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mutants.patching import patch

from conformance.reference import dsn, session, transaction
from conformance.reference.classify import Stage
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Reply, Session
from foreign.marker import in_hand, marked

Report = Callable[[bytes, Message, Mapping[Recipient, Failure]], bytes]


def alter_replies(change: Callable[[Reply], Reply]) -> None:
    """Alter how replies are understood, but for what EHLO brings forth."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            proper: Reply = await original(self, stage, reading)
            altered = proper if stage is Stage.EHLO else change(proper)
            if altered != proper and in_hand() is not None:
                marked()
            return altered

        return read

    patch(Session, "_read", make)


def alter_content(change: Callable[[bytes], bytes]) -> None:
    """Alter content before its dots are doubled."""

    def make(original: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def stuff_dots(content: bytes) -> bytes:
            altered = change(content)
            if altered != content and in_hand() is not None:
                marked()
            return original(altered)

        return stuff_dots

    patch(session, "stuff_dots", make)


def alter_reports(change: Report) -> None:
    """Alter reports of failures."""

    def make(original: Any) -> Any:
        def build_dsn(
            message: Message, content: bytes, failures: Mapping[Recipient, Failure], **more: Any
        ) -> bytes:
            proper: bytes = original(message, content, failures, **more)
            altered = change(proper, message, failures)
            if altered != proper:
                marked(message)
            return altered

        return build_dsn

    patch(dsn, "build_dsn", make)


def alter_mail_commands(change: Callable[[str, Message, dict[str, str]], str]) -> None:
    """Alter MAIL commands."""

    def make(original: Any) -> Any:
        def mail_command(message: Message, content: bytes, extensions: dict[str, str]) -> str:
            proper: str = original(message, content, extensions)
            altered = change(proper, message, extensions)
            if altered != proper:
                marked(message)
            return altered

        return mail_command

    patch(transaction, "mail_command", make)
