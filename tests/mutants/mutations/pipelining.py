"""Groups of commands (RFC 2920), parameters and commands that were not offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.reference import transaction
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Reply, Session, stuff_dots
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
_ONE_BY_ONE = modes(lambda mode: mode.name.endswith("_one_by_one"))
_NOBODY = ("data_for_nobody_4yz", "data_for_nobody_5yz")
_OFFERS = ("offers_nothing", "offers_chunking", "offers_pipelining_under_tls", "slow_one_by_one")
_CUT_OFF = ("reply_cut_off_then_closed", "reply_cut_off_then_silence")
_PROFILES = ("rfc", "eop-observed")


@mutation(
    scenarios=(_AMID, _ONE_BY_ONE, *_NOBODY, *_OFFERS, *_CUT_OFF, "slow", "one_recipient_rejected"),
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
    also=hence(
        "the attempt is held, so nothing has become of it yet",
        *("error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers"),
        verdict="not_applicable",
        modes=("stall_at_dot",),
    ),
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


@mutation(
    scenarios=("one_recipient_rejected", "plain"),
    caught=(
        fails(
            *("each_recipient", "recipients/own-outcome", "one_recipient_rejected"),
            besides=("recipients/intact",),
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
    scenarios=("offers_nothing", "plain"),
    caught=(
        fails("keeps_to_offer", "offers/parameters", "offers_nothing"),
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


# Chunks


def _in_chunks(
    *, whenever: bool = False, read: Callable[[Any, bool], Any] | None = None, twice: bool = False
) -> None:
    """Send messages by BDAT, in chunks of 64 KiB, where CHUNKING is offered or `whenever`."""
    size = 65_536

    async def chunk(session: Any, octets: bytes, *, last: bool) -> Reply:
        session._protocol.due = 1
        session._transport.write(b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets)
        if read is not None:
            return await session._read(Stage.BODY, read(session, last))  # type: ignore[no-any-return]
        timeout = session._timeouts.data_done
        # until the last one has gone the server cannot have the message
        stage = Stage.BODY if last else Stage.DATA
        return await session._read(stage, session._protocol.read_response(timeout))  # type: ignore[no-any-return]

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            session = self._session
            if not whenever and "chunking" not in session.extensions:
                return await original(self, message, content, recipients, hand_over)
            mail = transaction.mail_command(message, content, session.extensions)
            each = {who: transaction.rcpt_command(who, session.extensions) for who in recipients}
            session.group([mail, *each.values()])
            reply = await session.command(Stage.MAIL, mail)
            if not self._accepts(reply, Stage.MAIL):
                return self._fail(recipients, reply)
            accepted = []
            for who, line in each.items():
                reply = await session.command(Stage.RCPT, line)
                if self._accepts(reply, Stage.RCPT):
                    accepted.append(who)
                else:
                    self._results[who] = self._refusal(reply, after_others=bool(accepted))
            if not accepted:
                return None
            hand_over()
            pieces = [content[at : at + size] for at in range(0, len(content), size)]
            for number, piece in enumerate(pieces, 1):
                last = number == len(pieces)
                reply = await chunk(session, piece, last=last)
                if not self._accepts(reply, Stage.BODY if last else Stage.DATA):
                    return self._fail(accepted, reply)
            done = transaction.Delivered(self._server, reply.line)
            self._results.update(dict.fromkeys(accepted, done))
            return None

        async def again(self: Any, *args: Any) -> None:
            await run(self, *args)
            if "chunking" in self._session.extensions:
                await run(self, *args)

        return again if twice else run

    patch(transaction.Transaction, "run", make)


_CHUNKED = modes(lambda mode: "_at_bdat" in mode.name)
_LAST = modes(lambda mode: mode.name.endswith("_at_bdat_last"))


@mutation(scenarios=(_CHUNKED, *_OFFERS, "plain", *_NOBODY), profiles=_PROFILES)
def sends_in_chunks() -> None:
    """Sends messages by BDAT where CHUNKING is offered."""
    _in_chunks()


@mutation(
    scenarios=("offers_nothing", "offers_chunking", "plain"),
    caught=(
        deviates("keeps_to_offer", "offers/chunks", "offers_nothing"),
        fails("delivers_anyway", "harmless/delivered", "offers_nothing"),
        fails("delivered", "control/delivered", "plain"),
    ),
    also=hence(
        "the control did not pass",
        "keeps_to_offer",
        verdict="inconclusive",
        modes=("offers_chunking",),
        certain=False,
    ),
)
def sends_in_chunks_unasked() -> None:
    """Sends messages by BDAT, whether CHUNKING is offered or not."""
    _in_chunks(whenever=True)


@mutation(
    scenarios=("offers_chunking", "plain"),
    caught=(
        deviates("keeps_to_offer", "offers/chunks", "offers_chunking"),
        fails("delivers_anyway", "harmless/delivered", "offers_chunking"),
    ),
)
def sends_data_behind_a_chunk() -> None:
    """Sends an empty chunk and then the message by DATA where CHUNKING is offered."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Reply:
            if stage is Stage.DATA and "chunking" in self.extensions:
                await original(self, stage, "BDAT 0")
            reply: Reply = await original(self, stage, line)
            return reply

        return command

    one_at_a_time()
    patch(Session, "command", make)


@mutation(
    scenarios=("stall_at_bdat_last", "stall_at_bdat", "offers_chunking"),
    caught=(fails("times_out", "session/times-out", "stall_at_bdat_last", "stall_at_bdat"),),
    also=hence(
        "the attempt is held, so nothing has become of it yet",
        *("error_code", "error_detail", "destination_server", "stays_queued", "retried", "recovers"),
        verdict="not_applicable",
        modes=("stall_at_bdat_last", "stall_at_bdat"),
    ),
)
def hangs_after_a_chunk() -> None:
    """Has no time-out for the reply to a chunk."""
    _in_chunks(read=lambda session, last: session._protocol.read_response(_NEVER))


@mutation(
    scenarios=("reply_4yz_at_bdat_last", "offers_chunking"),
    caught=(
        fails("stays_queued", "queue/kept", "reply_4yz_at_bdat_last"),
        fails("recovers", "queue/recovers", "reply_4yz_at_bdat_last"),
    ),
    also=(
        *hence(
            "it takes the message for delivered",
            *("error_code", "retried", "destination_server"),
            modes=("reply_4yz_at_bdat_last",),
        ),
        *hence("so there is no error", "error_detail", "reply_kept", modes=("reply_4yz_at_bdat_last",)),
    ),
)
def takes_a_refused_chunk_for_taken() -> None:
    """Takes any reply to the last chunk for a yes, and the message for delivered."""

    async def read(session: Any, last: bool) -> Any:
        reply = await session._protocol.read_response(session._timeouts.data_done)
        return reply._replace(code=250) if last else reply

    _in_chunks(read=read)


@mutation(
    scenarios=("offers_chunking", "plain"),
    caught=(fails("delivers_anyway", "harmless/delivered", "offers_chunking"),),
)
def sends_chunks_twice() -> None:
    """Hands a message over a second time after the last chunk was taken."""
    _in_chunks(twice=True)


@mutation(
    scenarios=("close_at_bdat_last", "offers_chunking"),
    caught=(
        fails("stays_queued", "queue/kept", "close_at_bdat_last"),
        fails("recovers", "queue/recovers", "close_at_bdat_last"),
    ),
    also=hence(
        "it takes the message for delivered",
        *("error_code", "error_detail", "retried", "destination_server"),
        modes=("close_at_bdat_last",),
    ),
)
def takes_the_end_after_the_last_chunk_for_a_yes() -> None:
    """Takes a connection that ends after the last chunk for a delivery, and loses the message."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            try:
                await original(self, message, content, recipients, hand_over)
            except SessionFailed as error:
                if error.stage is not Stage.BODY or error.cause is not Cause.CLOSED:
                    raise
                done = transaction.Delivered(self._server, "250 taken")
                self._results.update(dict.fromkeys(recipients, done))

        return run

    _in_chunks()
    patch(transaction.Transaction, "run", make)
