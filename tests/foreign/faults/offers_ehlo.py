"""What peers offer: greetings, replies to EHLO, and what is read from them."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import errors, session
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.session import Reply, Session
from foreign.change import fault
from foreign.marker import marked


@fault(
    kind=3,
    reference="https://github.com/curl/curl/issues/18588",
    reported="curl knew the keywords of EHLO in capitals only, and skipped STARTTLS where it was offered as "
    "starttls.",
    requirements=("tls/opportunistic",),
)
def reads_capitals_only() -> None:
    """Takes no notice of what is offered in small letters."""

    def make(original: Any) -> Any:
        def parse(text: str) -> tuple[dict[str, str], list[str]]:
            found, methods = original(text)
            written = {line.split()[0] for line in text.split("\n")[1:] if line.strip()}
            skipped = {keyword.lower() for keyword in written if keyword != keyword.upper()}
            if skipped:
                marked()
            return {keyword: value for keyword, value in found.items() if keyword not in skipped}, methods

        return parse

    patch(session, "parse_esmtp_extensions", make)


@fault(
    kind=3,
    reference="https://github.com/KumoCorp/kumomta/pull/62",
    reported="KumoMTA said no EHLO once TLS was up and went by what was offered in clear; some servers refused to go "
    "on.",
    requirements=("tls/ehlo-again", "tls/forgets", "control/delivered"),
    first=("extensions_shrink_under_tls", "good_under_encryption_only"),
)
def says_no_ehlo_under_tls() -> None:
    """Goes straight to MAIL once TLS is up, by what EHLO offered in clear."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            if self.certificate:
                marked()
                self.extensions = self.in_clear
            else:
                await original(self, hostname)
                self.in_clear = self.extensions

        return ehlo

    patch(Session, "ehlo", make)


@fault(
    kind=3,
    reference="https://github.com/PHPMailer/PHPMailer/issues/2189",
    reported="A server said 421 to EHLO, with a reason, and closed; PHPMailer tried HELO at once, and what it showed "
    "was that this had failed.",
    requirements=("error/detail-names-cause", "session/421-kept", "cannot-connect/error-code"),
    first=("reply_421_at_ehlo",),
)
def says_helo_after_421() -> None:
    """Says HELO whenever EHLO is refused, and reports what came of that."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            try:
                await original(self, hostname)
            except SessionFailed as error:
                if error.cause is not Cause.REJECTED:
                    raise
                if error.detail.startswith("421"):
                    marked()
                reply = await self.command(Stage.EHLO, f"HELO {hostname}")
                if not reply.positive:
                    raise SessionFailed(Stage.EHLO, Cause.REJECTED, reply.line) from error

        return ehlo

    patch(Session, "ehlo", make)


@fault(
    kind=3,
    reference="https://github.com/vert-x3/vertx-mail-client/issues/46",
    reported="The client said EHLO only if the greeting had the word ESMTP in capitals; a large provider greeted "
    "with Esmtp, and got HELO, and so neither TLS nor anything else.",
    requirements=("tls/opportunistic",),
)
def looks_for_a_word_in_the_greeting() -> None:
    """Says HELO to a server whose greeting has no ESMTP in it."""

    def hear(original: Any) -> Any:
        async def greet(self: Any) -> None:
            read = self._read

            async def listen(stage: Stage, reading: Awaitable[Any]) -> Reply:
                reply: Reply = await read(stage, reading)
                self.greeting = reply.text
                return reply

            self._read = listen
            await original(self)
            del self._read

        return greet

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            if "ESMTP" in self.greeting or self.certificate:
                await original(self, hostname)
                return
            marked()
            reply = await self.command(Stage.EHLO, f"HELO {hostname}")
            if not reply.positive:
                raise SessionFailed(Stage.EHLO, Cause.REJECTED, reply.line)

        return ehlo

    patch(Session, "greet", hear)
    patch(Session, "ehlo", make)


@fault(
    kind=3,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/pull/699",
    reported="OpenSMTPD took each line for a reply of its own when it handed mail over by LMTP, so a server that "
    "answered in several lines got nothing.",
    requirements=("harmless/delivered", "replies/passing", "replies/words-kept"),
    first=("reply_multi_line",),
)
def takes_each_line_for_a_reply() -> None:
    """Takes the first line of a reply for the whole, and the next one for the reply to the next command."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Awaitable[Any]) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if stage is Stage.EHLO:
                return reply
            lines = reply.text.split("\n")
            if len(lines) > 1:
                marked()
            unread = self.__dict__.setdefault("unread", [])
            unread += [Reply(reply.code, line) for line in lines]
            return unread.pop(0)  # type: ignore[no-any-return]

        return read

    patch(Session, "_read", make)


@fault(
    kind=3,
    reference="https://github.com/mjl-/mox/issues/365",
    reported="Told to require TLS, mox said STARTTLS to a server that had not offered it, and took the 502 for a "
    "permanent failure.",
    requirements=("queue/kept",),
    first=("tls_not_offered_500", "tls_not_offered"),
)
def gives_up_without_tls() -> None:
    """Says STARTTLS though it is not offered, and returns the message when that gets a 5yz reply."""

    def offer(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            self.unoffered = "starttls" not in self.extensions
            if not self.certificate:
                self.extensions.setdefault("starttls", "")

        return ehlo

    def make(original: Any) -> Any:
        def deferral(stage: Stage, cause: Cause, detail: str, **where: str) -> Failure:
            failure: Failure = original(stage, cause, detail, **where)
            if stage is Stage.STARTTLS and cause is Cause.REJECTED and detail.startswith("5"):
                marked()
                return replace(failure, code="550", status="5.5.1")
            return failure

        return deferral

    patch(Session, "ehlo", offer)
    patch(errors, "deferral", make)
