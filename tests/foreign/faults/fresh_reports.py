"""Reports, further reports of what is wrong with them: what is in them, for whom there is one, and for how long."""

from __future__ import annotations

import re
from typing import Any

from mutants.patching import patch

from conformance.reference import dsn, relay, schedule
from conformance.reference.dsn import header_section
from conformance.reference.errors import Failure
from conformance.reference.message import Message, State
from conformance.reference.relay import Relay
from foreign.altering import alter_mail_commands, alter_reports
from foreign.change import fault
from foreign.marker import in_hand, marked


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/493",
    reported="Where the sender wanted the header alone back, the report ended without the closing boundary.",
    requirements=("ndr/form", "ndr/read-by-others", "ndr/notification"),
    first=("refused_dsn_headers",),
)
def does_not_close_a_report_of_the_header_alone() -> None:
    """Leaves out the closing boundary of a report that gives the header alone back, as the sender wished."""
    alter_reports(
        lambda report, message, failures: (
            re.sub(rb"\r\n--[0-9a-f]{32}--\r\n\Z", b"", report) if message.ret == "HDRS" else report
        )
    )


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/739",
    reported="Bounces that could not be delivered stayed in the queue days after the time at which they should have "
    "been given up, and were tried again and again.",
    requirements=("report/given-up",),
    first=("connection_refused.null_sender",),
)
def never_gives_a_report_up() -> None:
    """Keeps a report that cannot be delivered for longer than its lifetime, for ever."""

    def expired(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            if message.sender:
                original(self, message)
            else:
                marked(message)

        return expire

    def judged(original: Any) -> Any:
        def is_expired(*when: Any) -> bool:
            message = in_hand()
            return bool(original(*when)) and (message is None or bool(message.sender))

        return is_expired

    patch(Relay, "_expire", expired)
    patch(schedule, "is_expired", judged)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/586",
    reported="A notification of failure named a recipient whom the message had reached, with the reply that said so.",
    requirements=("recipients/own-outcome", "report/to-people"),
    first=("one_recipient_rejected",),
)
def names_the_delivered_among_the_failed() -> None:
    """Names those whom a message has reached among those whom it has not."""
    delivered: dict[str, Any] = {}

    def settled(original: Any) -> Any:
        async def settle(self: Any, message: Message, *others: Any, **outcome: Any) -> None:
            delivered[message.queue_id] = outcome.get("delivered", {})
            await original(self, message, *others, **outcome)

        return settle

    def built(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, **more: Any) -> bytes:
            successes = {
                who: Failure(code="250", status="", text=done.line[4:], server=done.server, remote=True)
                for who, done in delivered.get(message.queue_id, {}).items()
            }
            if successes:
                marked(message)
            report: bytes = original(message, content, {**failures, **successes}, **more)
            return report

        return build_dsn

    patch(Relay, "_settle", settled)
    patch(dsn, "build_dsn", built)


@fault(
    kind=5,
    reference="https://github.com/apache/james-project/pull/299",
    reported="Last-Attempt-Date said XXXXX and a name in brackets where the offset of the time zone has to stand.",
    requirements=("ndr/fields", "report/dates"),
    first=("rejected_at_rcpt", "connection_refused.expires"),
)
def writes_no_time_zone() -> None:
    """Writes "XXXXX (CET)" in the place of the time zone of Last-Attempt-Date."""
    alter_reports(
        lambda report, message, failures: re.sub(
            rb"(\r\nLast-Attempt-Date: [^\r]*) \+0000", rb"\1 XXXXX (CET)", report
        )
    )


@fault(
    kind=5,
    reference="https://github.com/apache/james-project/pull/730",
    reported="A message without a Date field could not be returned: the report about it failed with an exception.",
    requirements=("permanent/returned",),
    first=("refused_undated",),
)
def returns_nothing_without_a_date() -> None:
    """Makes no report about a message that has no Date field."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, *others: Any) -> Any:
            header = header_section(await self._spool.content(message.queue_id))
            if re.search(rb"(?im)^date:", header) is None:
                marked(message)
                return None
            return await original(self, message, *others)

        return report

    patch(Relay, "_report", make)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/215",
    reported="The rule that rewrites senders did so with the empty one of bounces, which so had a sender: refused by "
    "some, answered by others.",
    requirements=("ndr/null-reverse-path",),
    first=("connection_refused.expires",),
)
def gives_its_reports_a_sender() -> None:
    """Sends what has no sender with one of its own domain."""
    alter_mail_commands(
        lambda line, message, extensions: line.replace("FROM:<>", "FROM:<mailer-daemon@relay.example>")
    )


# Whether a message's time has been up since this relay began.
_ended: list[str] = []


@fault(
    kind=8,
    reference="https://github.com/chatmail/core/pull/4392",
    reported="A message that had reached its limit ended the round with an error each time, and those behind it, "
    "which had not, were never tried again.",
    requirements=("lifetime/each-message", "queue/recovers"),
    first=("connection_refused.long_dead", "greeting_421.long_dead"),
)
def stops_trying_when_the_time_of_one_is_up() -> None:
    """Tries nothing again that has failed before, once the time of any message was up."""

    def expired(original: Any) -> Any:
        def expire(self: Any, message: Message) -> None:
            original(self, message)
            _ended.append(message.queue_id)

        return expire

    def tried(original: Any) -> Any:
        async def attempt(self: Any, message: Message, route: Any, recipients: Any) -> None:
            if _ended and message.queue_id not in _ended and any(each.attempts for each in recipients):
                marked(message)
                relay._mark(recipients, State.WAITING)
                return
            await original(self, message, route, recipients)

        return attempt

    patch(Relay, "_expire", expired)
    patch(Relay, "_attempt", tried)
