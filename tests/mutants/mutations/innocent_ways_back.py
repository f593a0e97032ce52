"""What a relay may make of a report that fares badly, of what it says, and of messages that go around."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from conformance.reference import dsn, intake
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from conformance.reference.transaction import Results
from mutants.mutant import mutation
from mutants.patching import patch
from mutants.reporting import field_changed, rewritten, send_report
from mutants.shared import one_by_one

_ALL_PROFILES = ("rfc", "eop-observed")
_WAYS = (
    "report_refused_at_mail",
    "report_refused_at_rcpt",
    "report_refused_at_dot",
    "report_to_unknown_host",
)
_SAYS = (
    "refused_quoted",
    "refused_plus",
    "refused_longest",
    "refused_idn",
    "refused_in_two_ways",
    "refused_later",
)
_LONG = 10_000.0  # seconds, longer than any window


def _of_reports(change: Any) -> None:
    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Results) -> None:
            await original(self, message, results if message.sender else await change(self, message, results))

        return conclude

    patch(Relay, "_conclude", make)


@mutation(scenarios=_WAYS, profiles=_ALL_PROFILES)
def gives_reports_to_unknown_hosts_up() -> None:
    """Gives a report up at once where the name of the sender's server does not exist."""

    async def change(_relay: Any, _message: Message, results: Results) -> Results:
        return {
            who: replace(each, code="550", status="5.4.312")
            if isinstance(each, Failure) and each.status == "4.4.312"
            else each
            for who, each in results.items()
        }

    _of_reports(change)


@mutation(scenarios=_WAYS, profiles=_ALL_PROFILES)
def freezes_refused_reports() -> None:
    """Keeps a report in its queue that was refused for good, and does not try it again until somebody looks at it."""

    def make(original: Any) -> Any:
        def plan(self: Any, message: Message, recipient: Recipient, when: float) -> None:
            frozen = not message.sender and recipient.attempts > 0
            original(self, message, recipient, when + _LONG if frozen else when)

        return plan

    async def change(_relay: Any, _message: Message, results: Results) -> Results:
        return {
            who: replace(each, code="451", status="4.0.0") if isinstance(each, Failure) else each
            for who, each in results.items()
        }

    patch(Relay, "_plan_retry", make)
    _of_reports(change)


@mutation(scenarios=_WAYS, profiles=_ALL_PROFILES)
def tells_its_postmaster_of_refused_reports() -> None:
    """Sends what could not be reported to its own postmaster."""

    async def change(relay: Any, message: Message, results: Results) -> Results:
        content = await relay._spool.content(message.queue_id)
        host = relay._config.hostname
        for who, failure in results.items():
            lost = isinstance(failure, Failure) and failure.permanent
            if lost and not who.address.startswith("postmaster@"):
                await send_report(relay, message, content, {who: failure}, to=f"postmaster@{host}")
        return results

    _of_reports(change)


@mutation(scenarios=(*_SAYS, "domains_refused_refused_refused"), profiles=_ALL_PROFILES)
def says_no_more_than_failed() -> None:
    """Has 5.0.0 for every Status, and neither Remote-MTA nor the dates of an arrival and an attempt."""
    rewritten(
        lambda report: re.sub(
            rb"(?m)^(?:Remote-MTA|Arrival-Date|Last-Attempt-Date): [^\r]*\r\n",
            b"",
            re.sub(rb"(?m)^Status: [^\r]*", b"Status: 5.0.0", report),
        )
    )


@mutation(
    scenarios=(*_SAYS, "domains_refused_refused_refused", "domains_accepted_deferred_refused"),
    profiles=_ALL_PROFILES,
)
def reports_each_recipient_by_itself() -> None:
    """Hands over, and reports, each recipient by itself."""
    one_by_one()

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Results) -> None:
            for who, each in results.items():
                await original(self, message, {who: each})

        return conclude

    patch(Relay, "_conclude", make)


@mutation(scenarios=("refused_quoted", "refused_plus", "refused_longest"), profiles=_ALL_PROFILES)
def escapes_what_it_quotes() -> None:
    """Writes a quoted local part with an escape that means nothing, and adds comments and its address to Remote-MTA."""

    def make(original: Any) -> Any:
        def fields(recipient: Recipient, failure: Failure) -> list[str]:
            found: list[str] = original(recipient, failure)
            escaped = recipient.address.replace("two words", r"two\ words")
            return [line.replace(f";{recipient.address}", f"; {escaped}") for line in found]

        return fields

    patch(dsn, "_recipient_fields", make)
    field_changed(rb"Remote-MTA: dns; (\S+)", rb"Remote-MTA: DNS; \1 (127.0.0.1, the server for the domain)")


@mutation(scenarios=("refused_plus", "refused_later", "refused_longest"), profiles=_ALL_PROFILES)
def has_other_words_for_people() -> None:
    """Tells people in other words, in lines of 60 signs, that nothing could be successfully delivered."""

    def make(_: Any) -> Any:
        def human(_message: Message, failures: Any, _content: bytes, **_where: Any) -> bytes:
            lines = ["This message was created automatically. It was not delivered, or could not be", ""]
            lines += ["successfully delivered until now, to one or more of its recipients:", ""]
            for who, failure in failures.items():
                lines += [who.address[at : at + 60] for at in range(0, len(who.address), 60)]
                lines += [f"    host said: {failure.line}"]
            return "".join(f"{line}\r\n" for line in lines).encode("ascii")

        return human

    patch(dsn, "_human_part", make)


@mutation(scenarios=("passed_99_hosts", "passed_300_hosts", "goes_around"), profiles=_ALL_PROFILES)
def takes_what_has_passed_a_hundred_hosts() -> None:
    """Takes messages that have passed a hundred hosts and more, and returns them."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            hops = intake.count_received(await self._spool.content(message.queue_id))
            if message.sender and hops > 100:
                return dict.fromkeys(recipients, Failure(code="554", status="5.4.6", text="Too many hops"))
            return await original(self, message, route, recipients)

        return deliver

    patch(intake, "_MOST_RECEIVED_FIELDS", lambda _: 1_000_000)
    patch(Relay, "_deliver", make)


@mutation(scenarios=("nul_in_text", "same_recipient_twice", "big"), profiles=_ALL_PROFILES)
def returns_what_has_a_nul() -> None:
    """Returns a message with a NUL in it, and serves a recipient once who was given twice."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Message, route: Any, recipients: Any) -> Any:
            if message.sender and b"\0" in await self._spool.content(message.queue_id):
                return dict.fromkeys(
                    recipients, Failure(code="554", status="5.6.0", text="There is a NUL in it")
                )
            return await original(self, message, route, recipients)

        return deliver

    def make_accept(original: Any) -> Any:
        async def accept(self: Any, message: Message, content: bytes) -> None:
            once = {each.address: each for each in message.recipients}
            message.recipients[:] = list(once.values())
            await original(self, message, content)

        return accept

    patch(Relay, "_deliver", make)
    patch(Relay, "accept", make_accept)
