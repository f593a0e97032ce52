"""The mailboxes of known recipients."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.reference.errors import Failure
from conformance.reference.mailbox import deliver_here, mailbox
from conformance.reference.message import Message, Recipient
from conformance.reference.transaction import Delivered

_CONTENT = b"Subject: x\r\n\r\nx\r\n"


def _message(*addresses: str) -> Message:
    recipients = [Recipient(number=n, address=address) for n, address in enumerate(addresses)]
    return Message(sender="s@s.test", accepted_at=0, recipients=recipients)


def _files(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


async def test_a_delivery_that_is_repeated_after_a_crash_leaves_one_message(tmp_path: Path) -> None:
    message = _message("Bob@a.test", "carol@a.test")
    for _ in range(2):
        results = await deliver_here(tmp_path, message, _CONTENT, message.recipients)
        assert set(map(type, results.values())) == {Delivered}
    stored = b"Return-Path: <s@s.test>\r\n" + _CONTENT
    assert _files(tmp_path) == {
        f"a.test/bob/new/{message.queue_id}": stored,
        f"a.test/carol/new/{message.queue_id}": stored,
    }


@pytest.mark.parametrize("local", ['"../../x"', '"."', "a/b", "%2e", "x" * 64])
def test_no_address_leads_out_of_the_folder(local: str) -> None:
    folder = Path("/mailboxes")
    box = mailbox(folder, f"{local}@a.test")
    assert box.parent == folder / "a.test"
    assert box.name not in ("", ".", "..")
    assert mailbox(folder, f"{local.upper()}@A.test.") == box


async def test_a_mailbox_that_cannot_be_written_defers(tmp_path: Path) -> None:
    (tmp_path / "a.test").mkdir()
    (tmp_path / "a.test" / "bob").write_text("not a folder")
    message = _message("bob@a.test", "carol@a.test")
    bob, carol = (await deliver_here(tmp_path, message, _CONTENT, message.recipients)).values()
    assert isinstance(bob, Failure)
    assert not bob.permanent
    assert bob.line == "451 4.3.0 Mailbox could not be written"
    assert isinstance(carol, Delivered)
