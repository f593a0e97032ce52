"""Reports that are in form, and say what is not so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.reference import dsn
from conformance.reference.errors import Failure
from conformance.reference.message import Message, Recipient
from conformance.reference.relay import Relay
from mutants.mutant import deviates, fails, mutation
from mutants.patching import patch
from mutants.reporting import field_changed, rewritten, send_report

_OWN = "report/own-reply"
_SOME_SERVED = ("domains_accepted_refused_accepted", "domains_refused_accepted_accepted")


def _sent(change: Callable[[str, bytes], str]) -> None:
    """Send reports to other addresses, given the sender's and the octets of the message."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            made = await original(self, message, now, failures)
            if made is not None:
                content = await self._spool.content(message.queue_id)
                made[0].recipients[0].address = change(message.sender, content)
            return made

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("refused_verp_sender", "refused_plus"),
    caught=(fails("report_says", "ndr/to-sender", "refused_verp_sender"),),
)
def reports_in_small_letters() -> None:
    """Sends reports to the sender's address in small letters."""
    _sent(lambda sender, content: sender.lower())


@mutation(
    scenarios=("refused_quoted_sender", "refused_plus"),
    caught=(fails("report_says", "permanent/returned", "refused_quoted_sender"),),
)
def reports_to_dots() -> None:
    """Writes the blanks of a sender's quoted local part as dots when it sends a report."""
    _sent(lambda sender, content: sender.replace(" ", "."))


@mutation(
    scenarios=("refused_beside_other_addresses", "refused_plus"),
    caught=(
        fails(
            "report_says", "ndr/to-sender", "refused_beside_other_addresses", besides=("permanent/returned",)
        ),
    ),
)
def reports_to_whom_errors_go() -> None:
    """Sends reports to the address of an Errors-To field, where there is one."""

    def change(sender: str, content: bytes) -> str:
        found = re.search(rb"(?m)^Errors-To: <([^>]+)>", content)
        return sender if found is None else found[1].decode("ascii")

    _sent(change)


def _named(change: Callable[[str], str]) -> None:
    """Name recipients otherwise in the fields of a report."""

    def make(original: Any) -> Any:
        def fields(recipient: Recipient, failure: Failure) -> list[str]:
            found: list[str] = original(recipient, failure)
            plain = f"rfc822;{recipient.address}"
            return [line.replace(plain, f"rfc822;{change(recipient.address)}") for line in found]

        return fields

    patch(dsn, "_recipient_fields", make)


@mutation(
    scenarios=("refused_plus", "refused_idn"), caught=(fails("report_says", "ndr/fields", "refused_plus"),)
)
def names_recipients_in_small_letters() -> None:
    """Names recipients in small letters in its reports."""
    _named(str.lower)


@mutation(
    scenarios=("refused_quoted", "refused_plus"),
    caught=(fails("report_says", "ndr/fields", "refused_quoted"),),
)
def names_recipients_without_what_is_quoted() -> None:
    """Takes the blanks out of the recipients that it names in its reports."""
    _named(lambda address: address.replace(" ", ""))


@mutation(
    scenarios=("refused_longest", "refused_plus"),
    caught=(fails("report_says", "ndr/fields", "refused_longest"),),
)
def names_recipients_in_part() -> None:
    """Has room for 128 octets of the recipients that it names in its reports."""
    _named(lambda address: address[:128])


@mutation(
    scenarios=("refused_idn", "refused_plus"),
    caught=(fails("report_says", "ndr/fields", "refused_idn"),),
)
def names_domains_as_they_are_read() -> None:
    """Decodes the domains of the recipients that it names in its reports, in a part of ASCII only."""

    def readable(address: str) -> str:
        local, _, domain = address.partition("@")
        return f"{local}@{domain.encode('ascii').decode('idna')}"

    _named(readable)


@mutation(
    scenarios=("refused_in_two_ways", "refused_later", "domains_refused_refused_refused"),
    caught=(
        fails("report_says", _OWN, "refused_in_two_ways"),
        fails("report_tells_apart", _OWN),
    ),
)
def quotes_the_reply_to_the_first() -> None:
    """Says of every recipient what was replied to the first one, where that is known."""

    def make(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, **where: Any) -> Any:
            known = message.recipients[0].failure
            told = {who: known or failure for who, failure in failures.items()}
            return original(message, content, told, **where)

        return build_dsn

    patch(dsn, "build_dsn", make)


@mutation(
    scenarios=("refused_later", "refused_in_two_ways"), caught=(fails("report_says", _OWN, "refused_later"),)
)
def quotes_the_first_reply() -> None:
    """Says in a report what the first attempt met, and not the one that decided."""
    first: dict[Recipient, Failure] = {}

    def make_conclude(original: Any) -> Any:
        async def conclude(self: Any, message: Message, results: Any) -> None:
            for who, result in results.items():
                if isinstance(result, Failure):
                    first.setdefault(who, result)
            await original(self, message, results)

        return conclude

    def make(original: Any) -> Any:
        def build_dsn(message: Message, content: bytes, failures: Any, **where: Any) -> Any:
            told = {who: first.get(who, failure) for who, failure in failures.items()}
            return original(message, content, told, **where)

        return build_dsn

    patch(Relay, "_conclude", make_conclude)
    patch(dsn, "build_dsn", make)


@mutation(scenarios=("refused_plus",), caught=(fails("report_says", "report/reporting-mta"),))
def lets_the_remote_server_report() -> None:
    """Names the server that refused as the one that reports."""

    def change(report: bytes) -> bytes:
        remote = re.search(rb"(?m)^Remote-MTA: dns; (\S+)", report)
        assert remote is not None
        return re.sub(rb"(?m)^Reporting-MTA: dns; \S+", b"Reporting-MTA: dns; " + remote[1], report)

    rewritten(change)


@mutation(scenarios=("refused_plus",), caught=(deviates("report_says", "report/dates"),))
def dates_by_the_epoch() -> None:
    """Dates the arrival of a message by the epoch."""
    field_changed(rb"Arrival-Date: [^\r]+", b"Arrival-Date: Thu, 01 Jan 1970 00:00:00 +0000")


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(fails("report_says", "report/envelope-id", "refused_dsn_headers"),),
)
def forgets_the_envelope_identifier() -> None:
    """Leaves the envelope identifier out of its reports."""
    field_changed(rb"Original-Envelope-Id: [^\r]+\r\n", b"")


@mutation(
    scenarios=("refused_dsn_line_end", "refused_dsn_headers"),
    caught=(fails("report_says", "replies/report-intact", "refused_dsn_line_end"),),
)
def decodes_whatever_a_sender_wrote() -> None:
    """Decodes all of an ORCPT for a report, line ends among it."""
    field_changed(rb"(Original-Recipient: rfc822; ?first)\+07\+0D\+0A", rb"\1\r\n")


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(fails("report_says", "report/original-recipient", "refused_dsn_headers"),),
)
def forgets_the_original_recipient() -> None:
    """Leaves the original recipient out of its reports."""
    field_changed(rb"Original-Recipient: [^\r]+\r\n", b"")


def _returns(what: str) -> None:
    def make(original: Any) -> Any:
        def returned_part(message: Message, content: bytes) -> Any:
            was, message.ret = message.ret, what
            try:
                return original(message, content)
            finally:
                message.ret = was

        return returned_part

    patch(dsn, "returned_part", make)


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(deviates("report_says", "report/returned-part", "refused_dsn_headers"),),
)
def returns_all_whatever_was_asked() -> None:
    """Returns the whole message where its header was asked for."""
    _returns("FULL")


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(deviates("report_says", "report/returned-part", "refused_dsn_full"),),
)
def returns_headers_whatever_was_asked() -> None:
    """Returns the header where the whole message was asked for."""
    _returns("HDRS")


@mutation(
    scenarios=("refused_dsn_headers", "refused_dsn_full"),
    caught=(deviates("report_says", "ndr/returns-original", "refused_dsn_headers"),),
)
def returns_headers_that_nobody_can_read() -> None:
    """Puts a question mark between any two characters of a line of the header that it returns."""
    patch(
        dsn,
        "_in_ascii",
        lambda original: lambda octets: "\r\n".join(map("?".join, original(octets).split("\r\n"))),
    )


@mutation(scenarios=("refused_dsn_headers", "refused_dsn_full"), profiles=("rfc",))
def returns_headers_as_plain_text() -> None:
    """Says of the header that it returns that it is a text as any other."""
    patch(
        dsn,
        "returned_part",
        lambda original: (
            lambda message, content: (
                original(message, content)[0].replace("text/rfc822-headers", "text/plain"),
                original(message, content)[1],
            )
        ),
    )


@mutation(
    scenarios=("refused_dsn_never", "refused_dsn_success", "refused_dsn_full"),
    caught=(fails("report_says", "ndr/none-unless-asked", "refused_dsn_never", "refused_dsn_success"),),
)
def reports_refusals_whatever_notify_says() -> None:
    """Pays no attention to NOTIFY when a message is refused at once."""
    patch(Recipient, "wants_failure_report", lambda _: property(lambda self: True))


@mutation(scenarios=("refused_null_sender",), caught=(fails("report_says", "ndr/none-for-null-sender"),))
def reports_refused_notifications_to_the_author() -> None:
    """Sends a report to the author in the From header where a message with the null reverse-path is refused."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: dict[Recipient, Failure]) -> Any:
            content = await self._spool.content(message.queue_id) if failures else b""
            author = re.search(rb"(?m)^From: <(author-[^>]+)>", content)
            if author is not None and not message.sender:
                await send_report(self, message, content, failures, to=author[1].decode("ascii"))
            return await original(self, message, now, failures)

        return report

    patch(Relay, "_report", make)


@mutation(scenarios=("refused_plus", "refused_later"), caught=(fails("report_says", "ndr/addressed"),))
def addresses_reports_to_undisclosed_recipients() -> None:
    """Names nobody in the To field of its reports."""
    field_changed(rb"To: <[^>]*>", b"To: undisclosed recipients:;")


@mutation(
    scenarios=("refused_plus", "refused_later"), caught=(deviates("report_says", "ndr/words-say-failed"),)
)
def tells_people_that_all_is_well() -> None:
    """Tells people that the message was delivered, and programs that it was not."""
    rewritten(
        lambda report: report.replace(
            b"Your message was not delivered to:", b"Your message was delivered to:"
        )
    )


@mutation(scenarios=("refused_plus", "refused_later"), caught=(deviates("report_says", "report/to-people"),))
def tells_people_of_nobody() -> None:
    """Does not tell people who it was that the message could not be delivered to."""

    def make(original: Any) -> Any:
        def human(message: Message, failures: Any, content: bytes, **where: Any) -> bytes:
            text: bytes = original(message, failures, content, **where)
            for recipient in failures:
                text = text.replace(recipient.address.encode("ascii"), b"(somebody)")
            return text

        return human

    patch(dsn, "_human_part", make)


@mutation(
    scenarios=(*_SOME_SERVED, "domains_refused_refused_refused"),
    caught=(deviates("report_tells_apart", "report/to-people", *_SOME_SERVED),),
)
def tells_people_of_everybody() -> None:
    """Names every recipient to people, those included who got the message."""

    def make(original: Any) -> Any:
        def human(message: Message, failures: Any, content: bytes, **where: Any) -> bytes:
            text: bytes = original(message, failures, content, **where)
            return b"".join(f"  {each.address}\r\n".encode("ascii") for each in message.recipients) + text

        return human

    patch(dsn, "_human_part", make)


@mutation(
    scenarios=("refused_longest", "refused_plus"),
    caught=(fails("report_says", "permanent/returned", "refused_longest"),),
)
def reports_on_short_addresses_only() -> None:
    """Makes no report where a recipient's address has more than 200 octets."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, now: float, failures: Any) -> Any:
            short = {who: each for who, each in failures.items() if len(who.address) <= 200}
            return await original(self, message, now, short)

        return report

    patch(Relay, "_report", make)


@mutation(
    scenarios=("refused_undated", "refused_plus"),
    caught=(fails("report_says", "permanent/returned", "refused_undated"),),
)
def returns_nothing_without_a_date() -> None:
    """Makes no report about a message that has no Date field."""

    def make(original: Any) -> Any:
        async def report(self: Any, message: Message, *others: Any) -> Any:
            content = await self._spool.content(message.queue_id)
            if b"\r\nDate:" not in content:
                return None
            return await original(self, message, *others)

        return report

    patch(Relay, "_report", make)
