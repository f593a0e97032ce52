"""Groups of commands (RFC 2920), parameters and commands that were not offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiosmtplib.errors import SMTPException
from aiosmtplib.protocol import SMTPProtocol

from conformance.reference import transaction
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Reply, Session, stuff_dots
from mutants.expectations import returned
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import cells, modes
from mutants.shared import one_at_a_time

_NEVER = 3600.0
_STAGES = ("mail", "rcpt", "data", "dot")
# what may be borne is borne, and then there is nothing to judge
_AMID = modes(
    lambda mode: mode.name.endswith(tuple(f"_at_{stage}" for stage in _STAGES)) and mode.section != "bearable"
)
_ONE_BY_ONE = modes(lambda mode: "_at_" in mode.name and mode.name.endswith("_one_by_one"))
_NOBODY = ("data_for_nobody_4yz", "data_for_nobody_5yz")
_OFFERS = ("offers_nothing", "offers_chunking", "offers_pipelining_under_tls", "slow_one_by_one")
_CUT_OFF = ("reply_cut_off_then_closed", "reply_cut_off_then_silence")
_PROFILES = ("rfc", "eop-observed")
_REFUSED_THEN_LOST = modes(
    lambda mode: mode.name.startswith("refused_at_") and mode.name.endswith("_one_by_one")
)


@mutation(
    scenarios=(_AMID, _ONE_BY_ONE, *_NOBODY, *_OFFERS, *_CUT_OFF, "slow", "one_recipient_rejected"),
    also=tuple(
        each
        for profile in ("eop", *_PROFILES)
        for each in hence(
            "the refusal is read before the connection is gone, and counts",
            "stays_queued",
            "retried",
            verdict="not_applicable",
            modes=(_REFUSED_THEN_LOST,),
            profile=profile,
            certain=False,
        )
    ),
    profiles=_PROFILES,
)
def sends_commands_one_by_one() -> None:
    """Waits for each reply, whatever is offered."""
    one_at_a_time()


@mutation(scenarios=(*_NOBODY, *_OFFERS, "one_recipient_rejected", cells("close")), profiles=_PROFILES)
def leaves_data_out_of_the_group() -> None:
    """Sends MAIL and RCPT in one group, and DATA once they are answered."""

    def make(original: Any) -> Any:
        def group(self: Any, lines: Any) -> None:
            original(self, lines[:-1])

        return group

    patch(Session, "group", make)


@mutation(
    scenarios=("stall_at_dot", "stall_at_dot_one_by_one", "plain"),
    caught=(fails("times_out", "session/times-out", "stall_at_dot"),),
)
def hangs_after_the_dot_where_pipelining_is_offered() -> None:
    """Has no time-out for the reply to the final dot where the server offers PIPELINING."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            timeouts = self._timeouts
            if "pipelining" in self.extensions:
                self._timeouts = replace(timeouts, data_done=_NEVER)
            try:
                reply: Reply = await original(self, content)
            finally:
                self._timeouts = timeouts
            return reply

        return send_body

    patch(Session, "send_body", make)


@mutation(scenarios=(*_NOBODY, "plain"), caught=(deviates("keeps_to_offer", "offers/nobody", *_NOBODY),))
def sends_content_for_nobody() -> None:
    """Sends the message after DATA was accepted, though every recipient was refused."""
    messages: dict[int, bytes] = {}

    def keep(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, *others: Any) -> None:
            messages[id(self._session)] = content
            await original(self, message, content, *others)

        return run

    def make(_: Any) -> Any:
        async def settle(self: Any, timeout: float) -> None:
            while self._protocol.due:
                line = self._group.popleft()
                reply = await self._protocol.read_response(timeout)
                if line == "DATA" and reply.code == 354:
                    self._protocol.write(stuff_dots(messages[id(self)]))
                    await self._protocol.execute_command(b".", timeout=timeout)

        return settle

    patch(transaction.Transaction, "run", keep)
    patch(Session, "_settle", make)


@mutation(scenarios=(*_NOBODY, "plain"), caught=(deviates("keeps_to_offer", "offers/nobody", *_NOBODY),))
def leaves_a_server_that_asks_for_content_for_nobody() -> None:
    """Closes the connection where DATA was accepted though every recipient was refused."""

    async def settle(self: Any, timeout: float) -> None:
        while self._protocol.due:
            line = self._group.popleft()
            reply = await self._protocol.read_response(timeout)
            if line == "DATA" and reply.code == 354:
                raise SMTPException("nobody wants what the server asks for")

    patch(Session, "_settle", lambda _: settle)


@mutation(
    scenarios=("one_recipient_rejected", "plain"),
    caught=(
        fails(
            *("each_recipient", "recipients/own-outcome", "one_recipient_rejected"),
            besides=("recipients/delivered-once",),
        ),
    ),
)
def miscounts_replies_after_a_refusal() -> None:
    """Takes the refusal of a recipient for the reply to the command behind it as well, and so on to the end."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            behind: Reply | None = getattr(self, "_behind", None)
            reply: Reply = await original(self, stage, line)
            if behind is None and reply.code < 400:
                return reply
            self._behind = reply
            return reply if behind is None else behind

        return command

    patch(Session, "command", make)


@mutation(
    scenarios=(*_OFFERS, "plain"),
    caught=(fails("keeps_to_offer", "offers/waits", "offers_nothing", "slow_one_by_one"),),
)
def sends_groups_unasked() -> None:
    """Sends its commands in groups, whether PIPELINING is offered or not."""

    def make(_: Any) -> Any:
        def group(self: Any, lines: Any) -> None:
            self._group.extend(lines)

        return group

    patch(Session, "group", make)


@mutation(scenarios=(*_OFFERS, "plain"), caught=(fails("keeps_to_offer", "offers/waits", *_OFFERS),))
def goes_on_behind_ehlo() -> None:
    """Sends a command behind EHLO, in the same segment."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            self._group.extend([f"EHLO {hostname}", "NOOP"])
            await original(self, hostname)
            await self.command(Stage.EHLO, "NOOP")

        return ehlo

    patch(Session, "ehlo", make)


@mutation(
    scenarios=("offers_pipelining_under_tls", "plain"),
    caught=(fails("keeps_to_offer", "offers/waits", "offers_pipelining_under_tls"),),
)
def goes_on_behind_starttls() -> None:
    """Sends a command behind STARTTLS, in the same segment and in clear."""

    def make(original: Any) -> Any:
        def write(self: Any, data: bytes) -> None:
            original(self, data + b"NOOP\r\n" if data == b"STARTTLS\r\n" else data)

        return write

    patch(SMTPProtocol, "write", make)


@mutation(
    scenarios=("offers_nothing", "plain"),
    caught=(
        fails(
            "keeps_to_offer", "offers/parameters", "offers_nothing", besides=("offers/smtputf8-if-needed",)
        ),
        fails("delivers_anyway", "harmless/delivered", "offers_nothing"),
    ),
)
def uses_parameters_unasked() -> None:
    """Gives every parameter that it knows of to MAIL, offered or not."""

    def make(original: Any) -> Any:
        def mail_command(message: Any, content: bytes, extensions: Any) -> str:
            everything = dict.fromkeys(("size", "8bitmime", "dsn"), "")
            line: str = original(replace(message, ret="HDRS"), content, everything)
            return f"{line} SMTPUTF8"

        return mail_command

    patch(transaction, "mail_command", make)


def _alone(action: str) -> tuple[str, ...]:
    return tuple(f"{action}_at_{stage}_one_by_one" for stage in _STAGES)


@mutation(
    scenarios=(*_alone("stall"), "stall_at_rcpt"),
    caught=(fails("times_out", "session/times-out", *_alone("stall")),),
)
def hangs_where_commands_go_one_by_one() -> None:
    """Has no time-outs in a session where the server does not offer PIPELINING."""

    def make(original: Any) -> Any:
        async def ehlo(self: Any, hostname: str) -> None:
            await original(self, hostname)
            if "pipelining" not in self.extensions:
                self._timeouts = replace(self._timeouts, command=_NEVER, data_done=_NEVER)

        return ehlo

    patch(Session, "ehlo", make)


def _where_one_by_one(change: Callable[[Reply], Reply], *, closed: Reply | None = None) -> None:
    """Read other replies in a transaction where the server does not offer PIPELINING, or one where it has left."""

    def make(original: Any) -> Any:
        async def read(self: Any, stage: Stage, reading: Any) -> Reply:
            session = stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY)
            alone = session and "pipelining" not in self.extensions
            try:
                reply: Reply = await original(self, stage, reading)
            except SessionFailed as error:
                if alone and closed is not None and error.cause is Cause.CLOSED:
                    return closed
                raise
            return change(reply) if alone else reply

        return read

    patch(Session, "_read", make)


@mutation(
    scenarios=(*_alone("reply_4yz"), "reply_4yz_at_rcpt"),
    caught=(returned(*_alone("reply_4yz")),),
)
def returns_what_is_deferred_one_by_one() -> None:
    """Takes 4yz for 5yz where the server does not offer PIPELINING."""
    _where_one_by_one(lambda reply: Reply(reply.code + 100, reply.text) if reply.code // 100 == 4 else reply)


@mutation(
    scenarios=(*_alone("reply_5yz"), "rejected_at_rcpt"),
    caught=(
        fails(
            *("returned_at_once", "permanent/returned"),
            *_alone("reply_5yz"),
        ),
    ),
)
def tries_again_what_is_refused_one_by_one() -> None:
    """Takes 5yz for 4yz where the server does not offer PIPELINING."""
    _where_one_by_one(lambda reply: Reply(reply.code - 100, reply.text) if reply.code // 100 == 5 else reply)


@mutation(
    scenarios=(*_alone("close"), "close_at_rcpt"),
    caught=(returned(*_alone("close")),),
)
def returns_what_is_closed_one_by_one() -> None:
    """Returns a message when the connection is closed where the server does not offer PIPELINING."""
    _where_one_by_one(lambda reply: reply, closed=Reply(550, "5.5.0 Connection closed"))


@mutation(
    scenarios=(*_CUT_OFF, "close_at_rcpt", "plain"),
    caught=(returned(*_CUT_OFF),),
    also=hence("its words are its own", "error_detail", verdict="deviation", modes=_CUT_OFF),
)
def returns_after_half_a_reply() -> None:
    """Returns a message when a reply is cut off in its middle."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            try:
                reply: Reply = await original(self, stage, line)
            except SessionFailed:
                if self._protocol._buffer:
                    return Reply(550, "5.5.0 Half a reply")
                raise
            return reply

        return command

    patch(Session, "command", make)
