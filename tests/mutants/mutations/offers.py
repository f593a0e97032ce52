"""What a reply to EHLO offers, read with too much or too little, remembered too long, or not heeded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import session, transaction
from conformance.reference.classify import Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Transaction
from mutants.mutant import Expected, deviates, fails, hence, mutation
from mutants.patching import patch

_MIXED_UNDER_TLS = (
    "offers_hundred_lines_mixed_case_under_tls",
    "offers_size_large_more_mixed_case_under_tls",
)
_ZERO = ("offers_size_zero_under_tls", "offers_size_zero_more_mixed_case", "offers_size_zero_hundred_lines")
_LARGE = (
    "offers_size_large",
    "offers_size_large_more_mixed_case_under_tls",
    "offers_size_large_hundred_lines_mixed_case",
)
_MORE = (
    "offers_more_under_tls",
    "offers_size_zero_more_mixed_case",
    "offers_size_large_more_mixed_case_under_tls",
)
_HELO = ("helo_only_500", "helo_only_502")
_MOST_LINES = 64

Parsed = tuple[dict[str, str], list[str]]


def _reads(read: Callable[[Callable[[str], Parsed], str], Parsed]) -> None:
    """Read a reply to EHLO in another way."""
    patch(session, "parse_esmtp_extensions", lambda original: lambda text: read(original, text))


def _lost(*modes: str) -> tuple[Expected, ...]:
    many = [mode for mode in modes if "hundred_lines" in mode]
    few = [mode for mode in modes if mode not in many]
    return (
        *([fails("delivers_anyway", "harmless/delivered", *few)] if few else []),
        *([deviates("delivers_anyway", "offers/many-lines", *many)] if many else []),
    )


def _no_tls(*modes: str) -> tuple[Expected, ...]:
    return hence("no handshake begins", "server_name", verdict="not_applicable", modes=modes)


@mutation(
    scenarios=(*_MIXED_UNDER_TLS, "offers_starttls_mixed_case", "offers_more_under_tls"),
    caught=(
        *_lost(*_MIXED_UNDER_TLS),
        deviates("uses_tls", "tls/opportunistic", "offers_starttls_mixed_case"),
    ),
    also=_no_tls(*_MIXED_UNDER_TLS, "offers_starttls_mixed_case"),
)
def reads_capital_letters_only() -> None:
    """Knows keywords in capital letters only."""

    def read(original: Callable[[str], Parsed], text: str) -> Parsed:
        first, *lines = text.split("\n")
        known = [line for line in lines if line.partition(" ")[0].isupper()]
        return original("\n".join([first, *known]))

    _reads(read)


@mutation(
    scenarios=("offers_hundred_lines_mixed_case_under_tls", _MIXED_UNDER_TLS[1]),
    caught=_lost("offers_hundred_lines_mixed_case_under_tls"),
    also=_no_tls("offers_hundred_lines_mixed_case_under_tls"),
)
def reads_so_many_lines_only() -> None:
    """Reads the first lines of a reply to EHLO, and forgets the others."""
    _reads(lambda original, text: original("\n".join(text.split("\n")[:_MOST_LINES])))


def _returns_what_is_too_large(limit: Callable[[str], int]) -> None:
    """Return a message that is larger than a server takes, by what its reply to EHLO says."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            said = self._session.extensions.get("size", "")
            if said and len(content) > limit(said):
                lost = Failure(code="552", status="5.3.4", text="Message too big", server=self._server)
                self._results.update(dict.fromkeys(recipients, lost))
            else:
                await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@mutation(scenarios=(*_ZERO, *_LARGE, "plain"), caught=_lost(*_ZERO))
def takes_zero_for_a_limit() -> None:
    """Takes `SIZE 0` for a server that takes no octet."""
    _returns_what_is_too_large(int)


@mutation(scenarios=(*_ZERO, *_LARGE, "plain"), caught=_lost(*_LARGE))
def counts_sizes_in_32_bits() -> None:
    """Has 32 bits for the size that a server takes."""
    _returns_what_is_too_large(lambda said: int(said) % 2**32 if int(said) else 2**32)


@mutation(scenarios=(*_MORE, "offers_size_large"), caught=_lost(*_MORE))
def finds_keywords_within_words() -> None:
    """Takes a keyword that ends in SIZE for SIZE."""

    def read(original: Callable[[str], Parsed], text: str) -> Parsed:
        found, methods = original(text)
        ending = [value for word, value in found.items() if word.endswith("-size")]
        return (found | {"size": ending[-1]} if ending else found), methods

    _reads(read)
    _returns_what_is_too_large(lambda said: int(said) or 2**40)


_WELL = ("helo_only_500", "helo_only_502", "offers_chunking", "offers_size_large")
_NOT_ASKED = "no server is asked what it offers, so there is nothing to keep to"


@mutation(
    scenarios=("offers_nothing", *_WELL, "size_too_small", "eight_bit", "utf8_address_offered", "plain"),
    caught=(deviates("keeps_to_offer", "offers/ehlo", "offers_nothing"),),
    also=(
        *hence(
            _NOT_ASKED,
            "delivers_anyway",
            "keeps_to_offer",
            verdict="not_applicable",
            modes=_WELL,
            certain=False,
        ),
        *hence(
            _NOT_ASKED,
            "returned_at_once",
            "reports_refusal",
            verdict="not_applicable",
            modes=("size_too_small",),
            certain=False,
        ),
        *hence(
            _NOT_ASKED,
            "survives",
            "tidy",
            verdict="not_applicable",
            modes=(*_WELL, "size_too_small"),
            certain=False,
        ),
    ),
)
def says_helo_alone() -> None:
    """Greets every server with HELO, as clients did before there were extensions."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            reply: Reply = await original(self, stage, line.replace("EHLO ", "HELO ", 1))
            return reply

        return command

    patch(Session, "command", make)


@mutation(
    scenarios=("offers_less_later", "plain"),
    caught=(
        fails("keeps_to_offer", "offers/waits", "offers_less_later", besides=("offers/parameters",)),
        fails("delivered_later", "replies/passing", "offers_less_later"),
    ),
)
def remembers_what_a_server_offered() -> None:
    """Keeps to what a server offered on the first connection."""
    known: dict[str, dict[str, str]] = {}

    def make(original: Any) -> Any:
        async def prepare(self: Any, host: str, address: str, *, try_tls: bool) -> Session:
            found: Session = await original(self, host, address, try_tls=try_tls)
            found.extensions = known.setdefault(address, found.extensions)
            return found

        return prepare

    patch(Delivery, "_prepare", make)


@mutation(
    scenarios=("size_too_small", "rejected_at_rcpt"),
    caught=(fails("returned_at_once", "permanent/returned", "size_too_small"),),
)
def waits_for_a_larger_limit() -> None:
    """Tries a message again that is too large for the server."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            reply: Reply = await original(self, stage, line)
            return Reply(452, reply.text.replace("5.3.4", "4.3.4")) if reply.code == 552 else reply

        return command

    patch(Session, "command", make)


@mutation(scenarios=(*_HELO, "plain"), caught=(deviates("delivers_anyway", "offers/helo", *_HELO),))
def knows_no_helo() -> None:
    """Does without HELO: who knows no EHLO gets nothing."""
    patch(session, "_UNKNOWN_COMMAND", lambda _: ())


@mutation(
    scenarios=(*_HELO, "plain"),
    caught=(
        fails("keeps_to_offer", "offers/parameters", *_HELO),
        deviates("delivers_anyway", "offers/helo", *_HELO),
    ),
)
def uses_extensions_behind_helo() -> None:
    """Declares the size of a message to a server that was greeted with HELO."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            self.extensions = self.extensions or {"size": ""}

        return ehlo

    patch(Session, "ehlo", make)


@mutation(
    scenarios=("offers_chunking", "offers_mixed_case", "plain"),
    caught=(deviates("keeps_to_offer", "offers/smtputf8-if-needed"),),
)
def calls_everything_international() -> None:
    """Says SMTPUTF8 wherever that is offered."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            line: str = original(message, content, extensions)
            return line if "smtputf8" not in extensions else f"{line} SMTPUTF8"

        return mail_command

    patch(transaction, "mail_command", make)


_EIGHT_BIT = ("eight_bit", "eight_bit_offered_under_tls")
_MUST_ENCODE = ("eight_bit_not_offered", "eight_bit_offered_in_clear")


@mutation(
    scenarios=(*_EIGHT_BIT, *_MUST_ENCODE, "plain"),
    caught=(deviates("carries", "offers/body-declared", *_EIGHT_BIT),),
)
def declares_no_eight_bits() -> None:
    """Sends 8-bit text without BODY=8BITMIME."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            line: str = original(replace(message, body=""), content, extensions)
            return line

        return mail_command

    patch(transaction, "mail_command", make)


def _by_what_was_offered_in_clear() -> None:
    """Decide about 8-bit text by what was offered before TLS."""
    in_clear: dict[int, bool] = {}

    def hear(original: Any) -> Any:
        async def starttls(self: Any, *where: Any) -> None:
            in_clear[id(self)] = "8bitmime" in self.extensions
            await original(self, *where)

        return starttls

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            if self.certificate:
                self.extensions.pop("8bitmime", None)
                self.extensions |= {"8bitmime": ""} if in_clear[id(self)] else {}

        return ehlo

    patch(Session, "starttls", hear)
    patch(Session, "ehlo", make)


@mutation(
    scenarios=(*_EIGHT_BIT, *_MUST_ENCODE, "plain"),
    caught=(
        fails("carries", "content/delivered", "eight_bit_offered_under_tls"),
        deviates("carries", "content/returned", "eight_bit_offered_in_clear"),
    ),
)
def asks_about_eight_bits_before_tls() -> None:
    """Decides by what is offered before TLS whether 8-bit text goes as it is."""
    _by_what_was_offered_in_clear()


def _fails_otherwise(code: str, status: str) -> None:
    """Give another reason for what cannot be converted."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            await original(self, message, content, recipients, hand_over)
            for who, result in list(self._results.items()):
                if isinstance(result, Failure) and result.status.startswith("5.6."):
                    self._results[who] = replace(result, code=code, status=status)

        return run

    patch(Transaction, "run", make)


_ONLY_RETURNED = (*_MUST_ENCODE, "utf8_header_not_offered", "utf8_address_not_offered")


def _returned() -> tuple[Expected, ...]:
    return (
        deviates("carries", "content/returned", *_MUST_ENCODE),
        deviates("sends_international", "utf8/returned", *_ONLY_RETURNED[2:]),
    )


@mutation(scenarios=(*_ONLY_RETURNED, "eight_bit", "plain"), caught=_returned())
def returns_for_no_reason() -> None:
    """Returns what it cannot convert with a Status that says nothing of it."""
    _fails_otherwise("550", "5.0.0")


@mutation(scenarios=(*_ONLY_RETURNED, "eight_bit", "plain"), caught=_returned())
def waits_for_a_better_server() -> None:
    """Keeps what it cannot convert, and tries again."""
    _fails_otherwise("450", "4.6.3")


@mutation(
    scenarios=("greeting_without_esmtp", "good_under_opportunistic"),
    caught=(deviates("uses_tls", "tls/opportunistic", "greeting_without_esmtp"),),
    also=_no_tls("greeting_without_esmtp"),
)
def looks_for_esmtp_in_the_greeting() -> None:
    """Says HELO to who does not greet with the word ESMTP."""

    def hear(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if stage is Stage.GREETING:
                self.greeted = reply.text
            return reply

        return read

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            if "ESMTP" in self.greeted:
                await original(self, hostname)
            else:
                self.extensions = {}
                await self.command(Stage.EHLO, f"HELO {hostname}")

        return ehlo

    patch(Session, "_read", hear)
    patch(Session, "ehlo", make)
