"""Messages in chunks (RFC 3030), where they are offered and where they are not, and what may go wrong with a chunk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiosmtplib.errors import SMTPException
from aiosmtplib.response import SMTPResponse

from conformance.reference import transaction
from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import SessionFailed
from conformance.reference.session import Reply, Session, stuff_dots
from mutants.expectations import returned
from mutants.mutant import deviates, fails, hence, mutation
from mutants.patching import patch
from mutants.selection import modes
from mutants.shared import one_at_a_time

_NEVER = 3600.0
_NOBODY = ("data_for_nobody_4yz", "data_for_nobody_5yz")
_OFFERS = ("offers_nothing", "offers_chunking", "offers_pipelining_under_tls", "slow_one_by_one")
_PROFILES = ("rfc", "eop-observed")


def _in_chunks(
    *,
    whenever: bool = False,
    read: Callable[[Any, bool], Any] | None = None,
    twice: bool = False,
    change: Callable[[bytes], bytes] = bytes,
    begin: int = 0,
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
            content = change(content)
            pieces = [content[at : at + size] for at in range(0, len(content), size)]
            pieces = pieces[begin:] or pieces
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


# what may be borne is borne, and then there is nothing to judge
_CHUNKED = modes(lambda mode: "_at_bdat" in mode.name and mode.section != "bearable")
_LAST = modes(lambda mode: mode.name.endswith("_at_bdat_last"))


_PASSED_BY = (
    "offers_chunking+close_at_mail+reply_421_at_dot+healthy",
    "offers_chunking+reply_421_at_data+healthy",
)


@mutation(
    scenarios=(_CHUNKED, *_OFFERS, "plain", *_NOBODY, *(f"{name}.schedule" for name in _PASSED_BY)),
    also=tuple(
        expected
        for profile in ("eop", *_PROFILES)
        for expected in hence(
            "what is wrong behind DATA is not met by who sends chunks",
            "exactly_once",
            verdict="not_applicable",
            modes=_PASSED_BY,
            profile=profile,
        )
    ),
    profiles=_PROFILES,
)
def sends_in_chunks() -> None:
    """Sends messages by BDAT where CHUNKING is offered."""
    _in_chunks()


@mutation(
    scenarios=("offers_nothing", "offers_chunking", "plain"),
    caught=(
        deviates("keeps_to_offer", "offers/chunks", "offers_nothing"),
        fails("delivered", "control/delivered", "plain"),
    ),
    also=hence("the control did not pass", "delivers_anyway", verdict="inconclusive"),
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
)
def hangs_after_a_chunk() -> None:
    """Has no time-out for the reply to a chunk."""
    _in_chunks(read=lambda session, last: session._protocol.read_response(_NEVER))


_TROUBLES = modes(lambda mode: "_at_bdat" in mode.name and mode.kind == "transient")
_SAID = modes(lambda mode: "_at_bdat" in mode.name and mode.section == "4yz")
_REFUSED = ("reply_5yz_at_bdat", "reply_5yz_at_bdat_last")


@mutation(
    scenarios=(_TROUBLES, "offers_chunking"),
    caught=(returned(_TROUBLES),),
    brings={
        "error/detail-names-cause": "its words are its own, and the same for each trouble",
        "replies/words-kept": "its words are its own",
        "replies/refusal-quoted": "its words are its own",
    },
    also=(
        *hence("its words are its own", "reply_kept", verdict="deviation", modes=(_SAID,)),
        *hence(
            "it reads on until there is too much",
            "times_out",
            verdict="deviation",
            modes=("endless_at_bdat", "endless_at_bdat_last"),
            certain=False,
        ),
        *hence(
            "its words are its own", "error_detail", verdict="deviation", modes=(_TROUBLES,), certain=False
        ),
    ),
)
def returns_for_any_trouble_with_a_chunk() -> None:
    """Returns a message unless each chunk is answered by "250 2.0.0 OK", in these words."""

    async def read(session: Any, last: bool) -> Any:
        refused = SMTPResponse(550, "5.5.0 Not as expected")
        try:
            reply = await session._protocol.read_response(session._timeouts.data_done)
        except SMTPException:
            return refused
        return reply if tuple(reply) == (250, "2.0.0 OK") else refused

    _in_chunks(read=read)


@mutation(
    scenarios=(*_REFUSED, "offers_chunking"),
    caught=(fails(*("returned_at_once", "permanent/returned"), *_REFUSED),),
)
def tries_refused_chunks_again() -> None:
    """Takes 5yz in reply to a chunk for 4yz."""

    async def read(session: Any, last: bool) -> Any:
        reply = await session._protocol.read_response(session._timeouts.data_done)
        return reply._replace(code=reply.code - 100) if reply.code >= 500 else reply

    _in_chunks(read=read)


@mutation(
    scenarios=("reply_4yz_at_bdat_last", "offers_chunking"),
    caught=(fails("stays_queued", "queue/not-lost", "reply_4yz_at_bdat_last"),),
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
    caught=(fails("stays_queued", "queue/not-lost", "close_at_bdat_last"),),
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


@mutation(
    scenarios=("leading_dots_in_chunks", "leading_dots", "offers_chunking"),
    caught=(fails("carries", "content/unaltered", "leading_dots_in_chunks"),),
)
def doubles_dots_in_chunks() -> None:
    """Doubles the dots that begin a line in chunks, too, where nobody takes them away."""
    _in_chunks(change=stuff_dots)


@mutation(
    scenarios=("offers_chunking_large", "offers_chunking"),
    caught=(fails("delivers_anyway", "harmless/delivered", "offers_chunking_large"),),
)
def loses_the_first_of_several_chunks() -> None:
    """Sends all chunks but the first, if there are several."""
    _in_chunks(begin=1)
