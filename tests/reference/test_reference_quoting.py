"""Words of remote servers in the relay's reports: whatever they are, the report keeps its form."""

from __future__ import annotations

import email

from hypothesis import given
from hypothesis import strategies as st

from conformance.reference.dsn import build_dsn
from conformance.reference.errors import remote_failure
from conformance.reference.message import Message, Recipient

CONTENT = b"From: a@sender.test\r\nSubject: x\r\n\r\nx\r\n"


def _report(text: str) -> bytes:
    recipient = Recipient(number=0, address="b@a.test")
    message = Message(
        sender="a@sender.test", accepted_at=0.0, recipients=[recipient], received_from="client.test"
    )
    failure = remote_failure(550, text, server="mx.a.test", address="127.0.0.1:25")
    return build_dsn(message, CONTENT, {recipient: failure}, hostname="relay.test", at=0.0)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_octets_leave_one_group_of_fields(octets: bytes) -> None:
    report = _report(octets.decode("utf-8", "surrogateescape"))  # as a session hands them over
    assert report.isascii()
    assert b"\0" not in report
    fields = email.message_from_bytes(report).get_payload()[1].get_payload()
    assert [len(group.get_all("Status", [])) for group in fields if group.keys()] == [0, 1]
    assert [group.get("Action") for group in fields if group.keys()] == [None, "failed"]


def test_no_line_is_longer_than_998_octets() -> None:
    lines = _report("5.1.1 " + "x" * 5_000).split(b"\r\n")
    assert max(map(len, lines)) <= 998
