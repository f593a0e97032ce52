"""Replies, further reports: which of them is read, how much of it, and what it is taken for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import errors, session
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed
from conformance.reference.groups import GroupProtocol
from conformance.reference.session import Reply, Session
from conformance.reference.transaction import Delivered, Transaction
from foreign.altering import alter_replies
from foreign.change import fault
from foreign.marker import in_hand, marked


@fault(
    kind=2,
    reference="https://github.com/dahlia/upyo/issues/37",
    reported="A recipient whom the server took with 251, as one to be forwarded, was said to have failed: 250 was "
    "the only success.",
    requirements=("harmless/delivered", "harmless/at-once"),
    first=("reply_251",),
)
def takes_251_for_a_failure() -> None:
    """Takes a recipient who was accepted with 251 for one who was not."""

    def make(original: Any) -> Any:
        def accepts(self: Any, reply: Reply, stage: Stage, **how: Any) -> bool:
            if stage is Stage.RCPT and reply.code == 251:
                marked()
                return False
            took: bool = original(self, reply, stage, **how)
            return took

        return accepts

    patch(Transaction, "_accepts", make)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/741",
    reported="Of a refusal of five lines the bounce and the log had the last one, which said nothing of the reason.",
    requirements=("replies/refusal-quoted", "replies/words-kept"),
    first=("rejected_multi_line", "reply_multi_line"),
)
def keeps_the_last_line_of_a_refusal() -> None:
    """Keeps the last line of a refusal and forgets the others."""
    alter_replies(
        lambda reply: reply if reply.code < 400 else replace(reply, text=reply.text.rpartition("\n")[2])
    )


@fault(
    kind=5,
    reference="https://github.com/lettre/lettre/pull/1153",
    reported="The lines of a refusal were put together with nothing between them, so that the status code of each "
    "line stuck to the last word of the one before.",
    requirements=("replies/refusal-quoted", "replies/words-kept"),
    first=("rejected_multi_line", "reply_multi_line"),
)
def glues_the_lines_of_a_refusal_together() -> None:
    """Puts the lines of a refusal together with nothing between them."""
    alter_replies(
        lambda reply: reply if reply.code < 400 else replace(reply, text=reply.text.replace("\n", ""))
    )


@fault(
    kind=2,
    reference="https://github.com/chatmail/core/issues/5642",
    reported="450 4.1.2 at RCPT counted as permanent, though a server says it where its own name server fails.",
    requirements=("queue/kept", "replies/passing"),
    first=("reply_450_domain_not_found",),
)
def takes_450_4_1_2_for_permanent() -> None:
    """Returns mail that was refused for now with 450 4.1.2."""

    def make(original: Any) -> Any:
        def remote_failure(code: int, text: str, **where: Any) -> Failure:
            failure: Failure = original(code, text, **where)
            if code != 450 or failure.status != "4.1.2":
                return failure
            marked()
            return replace(failure, code="550", status="5.1.2")

        return remote_failure

    patch(errors, "remote_failure", make)


@fault(
    kind=3,
    reference="https://github.com/eleith/emailjs/pull/140",
    reported="A reply of several lines that came in more than one packet was taken to be at its end where the first "
    "packet was.",
    requirements=("harmless/delivered", "offers/many-lines", "harmless/at-once"),
    first=("reply_in_pieces", "slow"),
)
def takes_a_packet_for_a_reply() -> None:
    """Takes a reply for complete where a packet ends, though its last line says that others follow."""

    def make(original: Any) -> Any:
        def data_received(self: Any, data: bytes) -> None:
            whole = bytes(self._buffer) + data
            start = whole.rstrip(b"\r\n").rfind(b"\n") + 1
            line = whole[start:]
            if line.endswith(b"\n") and line[:3].isdigit() and line[3:4] == b"-":
                if in_hand() is not None:
                    marked()
                self._buffer.clear()
                data = whole[:start] + line[:3] + b" " + line[4:]
            original(self, data)

        return data_received

    patch(GroupProtocol, "data_received", make)


@fault(
    kind=5,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/483",
    reported="A server that refused with 554 in its greeting, and said why, was reported as one that had closed the "
    "connection unexpectedly.",
    requirements=("cannot-connect/error-code", "error/detail-names-cause"),
    first=("greeting_554", "reply_4yz_at_greeting"),
)
def forgets_why_it_was_refused_in_the_greeting() -> None:
    """Says of a server that refuses in its greeting that it closed the connection."""

    def make(original: Any) -> Any:
        async def greet(self: Any) -> None:
            try:
                await original(self)
            except SessionFailed as error:
                if error.cause is not Cause.REJECTED:
                    raise
                marked()
                detail = "Connection closed unexpectedly"
                raise SessionFailed(error.stage, Cause.CLOSED, detail) from error

        return greet

    patch(Session, "greet", make)


class _OnlyOne(tuple[int, ...]):
    """Reply codes to EHLO after which HELO is said: 502."""

    def __contains__(self, code: object) -> bool:
        if code == 500 and in_hand() is not None:
            marked()
        return code == 502


@fault(
    kind=3,
    reference="https://github.com/normanmaurer/niosmtp/pull/24",
    reported="A server that does not know EHLO may say 500 as well as 502; the whole transaction was given up for it.",
    requirements=("offers/helo", "harmless/delivered"),
    first=("helo_only_500",),
)
def says_no_helo_after_500() -> None:
    """Says HELO where EHLO was answered by 502, and gives up where it was answered by 500."""
    patch(session, "_UNKNOWN_COMMAND", lambda _: _OnlyOne())


@fault(
    kind=3,
    reference="https://github.com/jeremydumais/CPP-SMTPClient-library/issues/38",
    reported="STARTTLS was not seen where it stood in the last line of the reply to EHLO, behind a space and not a "
    "hyphen.",
    requirements=("tls/opportunistic", "control/delivered", "offers/many-lines"),
    first=("offers_starttls_last",),
)
def does_not_see_starttls_in_the_last_line() -> None:
    """Overlooks STARTTLS where it is the last keyword that a server offers."""

    def make(original: Any) -> Any:
        def parse_esmtp_extensions(text: str) -> Any:
            lines = text.split("\n")
            if len(lines) > 1 and lines[-1].strip().upper() == "STARTTLS":
                marked()
                text = "\n".join(lines[:-1])
            return original(text)

        return parse_esmtp_extensions

    patch(session, "parse_esmtp_extensions", make)


@fault(
    kind=3,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/1178",
    reported="A client refused replies without a status code from a server that offers ENHANCEDSTATUSCODES, and "
    "some servers leave them out here and there.",
    requirements=("harmless/delivered", "harmless/at-once"),
    first=("plain", "taken_without_status"),
    free="a server that offers ENHANCEDSTATUSCODES must put a status into each reply (RFC 2034 section 4); what a "
    "client has to make of one that does not says no RFC",
)
def wants_a_status_in_each_reply() -> None:
    """Gives a session up in which MAIL or RCPT is accepted without a status code, where these are offered."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            reply: Reply = await original(self, stage, reading)
            if stage not in (Stage.MAIL, Stage.RCPT) or "enhancedstatuscodes" not in self.extensions:
                return reply
            if reply.code >= 400 or reply.text[:2] == "2.":
                return reply
            marked()
            raise SessionFailed(stage, Cause.MALFORMED, "451 4.4.0 Reply without a status code")

        return read

    patch(Session, "_read", make)


@fault(
    kind=6,
    reference="https://github.com/hyvor/relay/issues/288",
    reported="Of two recipients one was deferred and the other refused; then both were marked as bounced, by the "
    "reply that came last.",
    requirements=("recipients/own-outcome", "recipients/each-ends", "replies/passing"),
    first=("mix_deferred_refused", "mix_refused_deferred"),
)
def takes_the_last_reply_for_everybody() -> None:
    """Gives everybody the last refusal where no recipient was accepted, some for now and the last for good."""

    def make(original: Any) -> Any:
        async def run(self: Any, *message: Any) -> None:
            await original(self, *message)
            failures = [each for each in self._results.values() if isinstance(each, Failure)]
            if any(isinstance(each, Delivered) for each in self._results.values()) or not failures:
                return
            for recipient, failure in self._results.items():
                if failures[-1].permanent and not failure.permanent:
                    marked(recipient)
                    self._results[recipient] = failures[-1]

        return run

    patch(Transaction, "run", make)
