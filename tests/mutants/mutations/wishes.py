"""What a sender asks of reports: not passed on, passed on to whom it was not offered, or done otherwise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import intake, relayed, transaction
from conformance.reference.dsn import header_section
from conformance.reference.envelope_syntax import BadArgument
from conformance.reference.message import Recipient
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch

_PASSED = ("dsn_passed_on_success", "dsn_passed_on_never", "dsn_passed_on_nothing")
_NOT_OFFERED = ("dsn_not_offered_success", "dsn_not_offered_never", "dsn_not_offered_nothing")
_ALL = (*_PASSED, *_NOT_OFFERED)
_LONGEST = "dsn_passed_on_longest"
_SENDERS = ("utf8_sender_offered", "utf8_sender_not_offered", "utf8_sender_offered_by_the_second")
_INTERNATIONAL = ("utf8_header_offered", "utf8_address_offered", "utf8_sender_offered")
_WITH_ORCPT = tuple(name for name in _ALL if "never" not in name)


def _rcpt(change: Callable[[str, Any, Any], str]) -> None:
    def make(original: Any) -> Any:
        def rcpt_command(recipient: Any, extensions: Any) -> str:
            return change(original(recipient, extensions), recipient, extensions)

        return rcpt_command

    patch(transaction, "rcpt_command", make)


def _refuses(words: str, reply: str) -> None:
    """Refuse MAIL or RCPT with such words among its parameters."""

    def make(original: Any) -> Any:
        def parse_parameters(text: str, known: Any) -> Any:
            if words in text:
                raise BadArgument(reply)
            return original(text, known)

        return parse_parameters

    patch(intake, "parse_parameters", make)


@mutation(
    scenarios=(*_ALL, "plain"), caught=(fails("passes_wishes", "dsn/passed-on", "dsn_passed_on_success"),)
)
def passes_the_first_wish_on() -> None:
    """Passes the first value of NOTIFY on, and no other."""
    _rcpt(
        lambda line, recipient, _: (
            line.replace(recipient.notify, recipient.notify.partition(",")[0]) if recipient.notify else line
        )
    )


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "dsn/passed-on", "dsn_passed_on_success", "dsn_passed_on_nothing"),),
)
def passes_no_original_recipient_on() -> None:
    """Does not pass ORCPT on."""
    _rcpt(lambda line, recipient, _: line.replace(f" ORCPT={recipient.orcpt}", ""))


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "dsn/passed-on", "dsn_passed_on_success", "dsn_passed_on_never"),),
)
def passes_no_envelope_id_on() -> None:
    """Does not pass ENVID on."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            line: str = original(replace(message, envid=""), content, extensions)
            return line

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "dsn/passed-on", "dsn_passed_on_never"),),
)
def asks_for_headers_of_itself() -> None:
    """Asks for the header alone to be returned where the sender has not said what is to come back."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            line: str = original(replace(message, ret=message.ret or "HDRS"), content, extensions)
            return line

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "offers/parameters", *_NOT_OFFERED),),
)
def tries_its_wishes_first() -> None:
    """Gives its wishes to every server, and says it again without them where they are refused."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Any, line: str) -> Any:
            tried = line.startswith("RCPT ") and "dsn" not in self.extensions
            if tried and not self._group:
                await original(self, stage, f"{line} NOTIFY=FAILURE")
            return await original(self, stage, line)

        return command

    patch(transaction.Session, "command", make)
    patch(transaction.Session, "group", lambda _: lambda self, lines: None)


def _hide_the_sender(never: bool) -> None:
    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            line: str = original(message, content, extensions)
            wanted = all((each.notify == "NEVER") is never for each in message.recipients)
            hidden = "dsn" not in extensions and wanted and any(each.notify for each in message.recipients)
            return line.replace(f"<{message.sender}>", "<>") if hidden else line

        return mail_command

    patch(transaction, "mail_command", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("takes_wishes", "dsn/taken", *_WITH_ORCPT),),
    also=hence(
        "the relay does not take such a message",
        "passes_wishes",
        "carries",
        verdict="not_applicable",
        modes=_WITH_ORCPT,
    ),
)
def refuses_the_original_recipient() -> None:
    """Calls every ORCPT a syntax error, and offers DSN all the same."""
    _refuses("ORCPT=", "501 5.5.4 Bad ORCPT")


@mutation(
    scenarios=(_LONGEST, *_ALL, "plain"),
    caught=(fails("takes_wishes", "dsn/taken", _LONGEST),),
    also=hence(
        "the relay does not take such a message",
        *("passes_wishes", "carries"),
        verdict="not_applicable",
        modes=(_LONGEST,),
    ),
)
def refuses_the_longest_envelope_id() -> None:
    """Asks whoever gives an ENVID of a hundred characters to try again later."""
    _refuses("Q" * 100, "451 4.3.0 Not now")


@mutation(
    scenarios=(*_INTERNATIONAL, "plain"),
    caught=(fails("takes_wishes", "utf8/taken", *_INTERNATIONAL),),
    also=hence(
        "the relay does not take such a message",
        "sends_international",
        verdict="not_applicable",
        modes=_INTERNATIONAL,
    ),
)
def offers_smtputf8_and_refuses_it() -> None:
    """Calls SMTPUTF8 a parameter that it does not know, and offers it."""
    _refuses("SMTPUTF8", "555 5.5.4 Parameter SMTPUTF8 is not known")


@mutation(
    scenarios=(*_SENDERS, "plain"),
    caught=(
        fails("sends_international", "offers/smtputf8", *_SENDERS[1:], besides=("utf8/returned",)),
        fails("sends_international", "content/delivered", _SENDERS[0]),
    ),
)
def looks_at_no_sender() -> None:
    """Takes a message for one in ASCII whose header is, whoever has sent it."""
    patch(
        transaction,
        "is_international",
        lambda _: lambda message, content: not header_section(content).isascii(),
    )


@mutation(scenarios=(*_ALL, "plain"), profiles=("rfc", "eop-observed"))
def hides_the_sender_who_wants_no_report() -> None:
    """Sends NOTIFY=NEVER with the null reverse-path where DSN is not offered (RFC 3461 section 5.2.2 d, a MAY)."""
    _hide_the_sender(never=True)


@mutation(
    scenarios=(*_ALL, "plain"), caught=(fails("carries", "content/unaltered", "dsn_not_offered_success"),)
)
def hides_the_sender_who_wants_a_report() -> None:
    """Sends everything but NOTIFY=NEVER with the null reverse-path where DSN is not offered."""
    _hide_the_sender(never=False)


@mutation(
    scenarios=(*_ALL, "plain"), caught=(fails("passes_wishes", "dsn/relayed", "dsn_not_offered_success"),)
)
def does_not_tell_of_relaying() -> None:
    """Says nothing where a message was relayed to a server without DSN."""
    patch(Recipient, "wants_success_report", lambda _: property(lambda self: False))


@mutation(
    scenarios=(*_ALL, "plain"), caught=(fails("passes_wishes", "dsn/relayed", "dsn_not_offered_success"),)
)
def tells_twice_of_relaying() -> None:
    """Tells twice that a message was relayed."""

    def make(original: Any) -> Any:
        async def tell(
            message: Any, delivered: Any, load: Any, accept: Any, hostname: str, at: float
        ) -> None:
            for _ in range(2):
                await original(message, delivered, load, accept, hostname, at)

        return tell

    patch(relayed, "tell_of_relaying", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "report/original-recipient", "dsn_not_offered_success"),),
)
def forgets_the_original_recipient_where_it_tells_of_relaying() -> None:
    """Leaves Original-Recipient out of the report that a message was relayed."""

    def make(original: Any) -> Any:
        def report_of(
            message: Any, content: bytes, what: str, people: Any, fields: Any, **where: Any
        ) -> bytes:
            kept = [field for field in fields if not field.startswith("Original-Recipient:")]
            report: bytes = original(message, content, what, people, kept, **where)
            return report

        return report_of

    patch(relayed, "report_of", make)


@mutation(
    scenarios=(*_ALL, "plain"), caught=(fails("passes_wishes", "dsn/relayed", "dsn_not_offered_success"),)
)
def calls_what_was_relayed_delivered() -> None:
    """Says that a message was delivered where it was relayed."""

    def make(original: Any) -> Any:
        def report_of(*what: Any, **where: Any) -> bytes:
            report: bytes = original(*what, **where)
            return report.replace(b"Action: relayed", b"Action: delivered")

        return report_of

    patch(relayed, "report_of", make)


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(fails("passes_wishes", "dsn/unasked", "dsn_not_offered_never", "dsn_not_offered_nothing"),),
)
def tells_everybody_of_relaying() -> None:
    """Tells every sender that a message was relayed."""
    patch(Recipient, "wants_success_report", lambda _: property(lambda self: True))


@mutation(
    scenarios=(*_ALL, "plain"),
    caught=(deviates("passes_wishes", "dsn/no-needless-report", "dsn_passed_on_success"),),
)
def reports_relaying_to_whoever_took_it() -> None:
    """Reports that a message was relayed, to a server that reports itself as well."""

    def make(original: Any) -> Any:
        async def tell_of_relaying(message: Any, delivered: Any, *args: Any, **kwargs: Any) -> None:
            silent = {who: replace(done, reports=False) for who, done in delivered.items()}
            await original(message, silent, *args, **kwargs)

        return tell_of_relaying

    patch(relayed, "tell_of_relaying", make)
