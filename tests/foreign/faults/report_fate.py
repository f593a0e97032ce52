"""The fate of the report: what becomes of one that nobody takes, and who gets one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from mutants.patching import patch
from mutants.reporting import send_report

from conformance.reference.errors import Failure
from conformance.reference.events import Outcome
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.schedule import next_attempt_at
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import marked


def _about_reports(sender_of: Callable[[Any, Message], tuple[str, str]]) -> None:
    """Report as well what has the null reverse-path itself: a report, most of the time.

    Args:
        sender_of: Says of the relay and such a message to whom, and with which reverse-path.
    """

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: dict[Recipient, Failure]) -> Any:
            if message.sender or not failures:
                return await original(self, message, now, failures)
            marked(message)
            other = copy.copy(message)
            other.sender, reverse_path = sender_of(self, message)
            made = await original(self, other, now, failures)
            if made is not None:
                made[0].sender = reverse_path
            return made

        return report

    patch(Relay, "_report", make)


@fault(
    kind=5,
    reference="https://github.com/bruceg/nullmailer/issues/69",
    reported="Where the smart host refused the sender of reports, nullmailer wrote a report about each report, until "
    "disk and inodes were used up.",
    requirements=("ndr/none-for-null-sender",),
)
def reports_about_reports() -> None:
    """Sends a report about a report that could not be delivered, to the same address."""
    _about_reports(lambda relay, message: (message.recipients[0].address, ""))


@fault(
    kind=5,
    reference="https://github.com/bruceg/nullmailer/issues/82",
    reported="What could not be returned went to the postmaster with the reverse-path <#@[]>, which his server "
    "refused; so nobody ever heard of it.",
    requirements=("report/once",),
    first=("report_refused_at_rcpt",),
    free="no RFC asks a relay to tell its postmaster of a report that nobody takes, and what it tells him never leaves "
    "it where its own host name is its own domain",
)
def tells_the_postmaster_with_no_proper_sender() -> None:
    """Tells the postmaster of a report that could not be delivered, with a reverse-path that is no address."""
    _about_reports(lambda relay, message: (f"postmaster@{relay._config.hostname}", "#@[]"))


def _refuses_reports(when: Callable[[Any], bool], failure: Failure) -> None:
    """Take a message with the null reverse-path for undeliverable, by what the server offers."""

    def make(original: Any) -> Any:
        async def run(
            self: Any, message: Message, content: bytes, recipients: Sequence[Recipient], hand_over: Any
        ) -> None:
            if message.sender or not when(self._session.extensions):
                await original(self, message, content, recipients, hand_over)
                return
            marked(message)
            self._results.update(dict.fromkeys(recipients, failure))

        return run

    patch(Transaction, "run", make)


@fault(
    kind=5,
    reference="https://github.com/foxcpp/maddy/pull/227",
    reported="maddy's own queue found the empty sender of its reports malformed, for want of an at-sign, and sent "
    "none.",
    requirements=("permanent/returned", "lifetime/ends"),
    first=("rejected_at_rcpt", "connection_refused.expires"),
)
def finds_the_null_sender_malformed() -> None:
    """Gives up every message with the null reverse-path, its own reports included, before it says MAIL."""
    _refuses_reports(
        lambda extensions: True, Failure(code="501", status="5.1.7", text="Malformed sender address")
    )


@fault(
    kind=5,
    reference="https://github.com/foxcpp/maddy/issues/711",
    reported="maddy could not convert the empty sender for a server without SMTPUTF8, so reports for senders "
    "elsewhere were lost.",
    requirements=("permanent/returned", "lifetime/ends"),
    first=("rejected_at_rcpt", "connection_refused.expires"),
)
def needs_smtputf8_for_reports() -> None:
    """Gives up its reports where the sender's server does not offer SMTPUTF8."""
    _refuses_reports(
        lambda extensions: "smtputf8" not in extensions,
        Failure(code="550", status="5.6.7", text="SMTPUTF8 is unsupported, cannot convert sender address"),
    )


@fault(
    kind=5,
    reference="https://github.com/haraka/Haraka/issues/2296",
    reported="A server answered EHLO and HELO with 500, and the bounce of the message began again, without end.",
    requirements=("permanent/returned", "ndr/one"),
    first=("rejected_at_rcpt",),
)
def bounces_and_keeps() -> None:
    """Returns a message that was refused for good, and tries it again, and returns it again."""

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            lost = outcome.get("lost", ())
            kept = [recipient for recipient, why in lost if why is Outcome.PERMANENT and message.sender]
            if kept:
                marked(message)
                content = await self._spool.content(message.queue_id)
                known = {recipient: recipient.failure for recipient in kept if recipient.failure is not None}
                await send_report(self, message, content, known)
                for recipient in kept:
                    recipient.next_retry = next_attempt_at(now, recipient.attempts, self._config.schedule)
                outcome["deferred"] = [*outcome.get("deferred", ()), *kept]
                outcome["lost"] = [(recipient, why) for recipient, why in lost if recipient not in kept]
            await original(self, message, now, session, **outcome)

        return settle

    patch(Relay, "_settle", make)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/328",
    reported="OpenSMTPD returned a message though its sender had asked for no report at all, by NOTIFY=NEVER.",
    requirements=("ndr/none-unless-asked",),
)
def never_is_not_heard() -> None:
    """Sends a report where the sender has said NOTIFY=NEVER."""

    def make(original: Any) -> Any:
        def wants(self: Recipient) -> bool:
            if self.notify == "NEVER":
                marked(self)
                return True
            return original.fget(self)  # type: ignore[no-any-return]

        return property(wants)

    patch(Recipient, "wants_failure_report", make)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/334",
    reported="Asked for NOTIFY=SUCCESS, OpenSMTPD told the sender of a success where it had only relayed the message "
    "to a server that sends no reports.",
    requirements=("dsn/relayed",),
)
def calls_it_delivered() -> None:
    """Reports a message as delivered, where asked to, that was relayed to a server without DSN."""

    def note(original: Any) -> Any:
        async def run(self: Any, message: Message, content: bytes, *others: Any) -> None:
            await original(self, message, content, *others)
            for recipient, result in self._results.items():
                asked = "SUCCESS" in recipient.notify.split(",")
                if isinstance(result, Delivered) and asked and "dsn" not in self._session.extensions:
                    recipient.failure = Failure(code="250", status="2.0.0", text="Delivered")

        return run

    def make(original: Any) -> Any:
        async def settle(self: Any, message: Message, now: float, session: str, **outcome: Any) -> None:
            content = await self._spool.content(message.queue_id)
            await original(self, message, now, session, **outcome)
            told = {
                recipient: recipient.failure
                for recipient in outcome.get("delivered", {})
                if recipient.failure is not None and recipient.failure.code == "250"
            }
            if told and message.sender:
                marked(message)
                await send_report(self, message, content, told, change=_as_success)

        return settle

    patch(Transaction, "run", note)
    patch(Relay, "_settle", make)


def _as_success(report: bytes) -> bytes:
    return report.replace(b"\r\nAction: failed", b"\r\nAction: delivered").replace(
        b"\r\nStatus: 5.", b"\r\nStatus: 2."
    )
