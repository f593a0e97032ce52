"""The fate of the report: what it says, to people and to programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.session import Reply
from conformance.reference.transaction import Transaction
from foreign.altering import alter_reports
from foreign.change import fault
from foreign.marker import marked


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/687",
    reported="A person read that a message was successfully delivered to these recipients, in the report that it had "
    "expired; the fields for programs were right.",
    requirements=("ndr/words-say-failed",),
)
def says_that_it_was_delivered() -> None:
    """Begins its reports of failures with the words that the message was successfully delivered."""
    alter_reports(
        lambda report, message, failures: report.replace(
            b"Your message was not delivered to:", b"Your message was successfully delivered to:"
        )
    )


@fault(
    kind=5,
    reference="https://github.com/haraka/Haraka/issues/2793",
    reported="Haraka's reports said that some recipients failed, and named them; why the server had refused them "
    "stood in the log and nowhere else.",
    requirements=("replies/refusal-quoted",),
    first=("rejected_at_rcpt",),
)
def says_that_some_recipients_failed() -> None:
    """Writes "Some recipients failed" into a report in the place of the reply that refused a recipient."""

    def make(original: Any) -> Any:
        def refusal(self: Any, reply: Reply, *, after_others: bool) -> Failure:
            failure: Failure = original(self, reply, after_others=after_others)
            if not failure.permanent:
                return failure
            marked()
            return replace(failure, status="", text="Error: Some recipients failed")

        return refusal

    patch(Transaction, "_refusal", make)


@fault(
    kind=5,
    reference="https://github.com/haraka/Haraka/issues/1688",
    reported="The header of a bounce said To: <>, so that it went to the right person and seemed to be for nobody.",
    requirements=("ndr/addressed",),
)
def addresses_its_reports_to_nobody() -> None:
    """Writes "To: <>" into the header of its reports."""
    alter_reports(
        lambda report, message, failures: report.replace(
            b"\r\nTo: <" + message.sender.encode("ascii") + b">", b"\r\nTo: <>", 1
        )
    )


@fault(
    kind=5,
    reference="https://github.com/yaad-index/darbaan/issues/54",
    reported="Final-Recipient named the sender, to whom the report went, and not the one whom the message had not "
    "reached.",
    requirements=("ndr/fields",),
    first=("connection_refused.expires",),
)
def takes_the_sender_for_the_recipient() -> None:
    """Writes the sender into Final-Recipient."""

    def change(report: bytes, message: Message, failures: Mapping[Recipient, Failure]) -> bytes:
        for recipient in failures:
            report = report.replace(
                b"Final-Recipient: rfc822;" + recipient.address.encode("ascii"),
                b"Final-Recipient: rfc822;" + message.sender.encode("ascii"),
            )
        return report

    alter_reports(change)
