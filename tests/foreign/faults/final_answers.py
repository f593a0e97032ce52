"""What is done after a server has given its last word on a message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from aiosmtplib.errors import SMTPException
from mutants.patching import patch

from conformance.reference.classify import Cause, Stage
from conformance.reference.errors import Failure, SessionFailed, as_temporary
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session
from conformance.reference.spool import Spool
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import each_marked, marked

_NOT_RETRIED = ("permanent/not-retried", "permanent/returned")
_RETURNED = Path("returned.txt")  # queue ids, in the relay's working directory
_LOCAL = Failure(code="451", status="4.3.0", text="Local error")

# Recipients to whom a fault has happened, so that it does not go on for ever.
_struck: set[Any] = set()


@fault(
    kind=2,
    reference="https://github.com/forwardemail/forwardemail.net/issues/423",
    reported=(
        "Messages that the next server had refused with 554 behind their content were sent to it again and "
        "again."
    ),
    requirements=_NOT_RETRIED,
    first=("rejected_at_dot",),
)
def retries_what_was_refused_for_its_content() -> None:
    """Takes a 5yz reply to the final dot for one that will pass."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            if reply.code < 500:
                return reply
            marked()
            return Reply(reply.code - 100, reply.text)

        return send_body

    patch(Session, "send_body", make)


@fault(
    kind=2,
    reference="https://github.com/bruceg/nullmailer/issues/1",
    reported="Mail to a recipient who does not exist stayed in the queue for ever, and its sender was never told.",
    requirements=("permanent/returned",),
    first=("rejected_at_rcpt",),
)
def keeps_mail_for_those_who_do_not_exist() -> None:
    """Takes a 5yz reply to RCPT for one that will pass."""

    def make(original: Any) -> Any:
        def refusal(self: Any, reply: Reply, **which: Any) -> Failure:
            failure: Failure = original(self, reply, **which)
            if not failure.permanent:
                return failure
            marked()
            return as_temporary(failure)

        return refusal

    patch(Transaction, "_refusal", make)


@fault(
    kind=2,
    reference="https://github.com/foxcpp/maddy/issues/328",
    reported="A message that was returned for good was tried once more after a restart, and returned a second time.",
    requirements=("final/no-second-report", "nothing-lost/once"),
)
def returns_once_more_after_a_restart() -> None:
    """Leaves what it has returned on disk, and finds it there when it starts."""

    def settled(original: Any) -> Any:
        async def settle(self: Any, message: Any, **outcome: Any) -> None:
            if outcome["report"] is not None:
                outcome["gone"] = ()
                _remember(message.queue_id)
            await original(self, message, **outcome)

        return settle

    def loaded(original: Any) -> Any:
        def load(self: Any) -> Any:
            messages = original(self)
            returned = _RETURNED.read_text("ascii").split() if _RETURNED.exists() else []
            each_marked(message for message in messages if message.queue_id in returned)
            return messages

        return load

    patch(Spool, "settle", settled)
    patch(Spool, "load", loaded)


@fault(
    kind=2,
    reference="https://github.com/jstedfast/MailKit/issues/1459",
    reported="When one of several recipients was refused, all the others got an empty message.",
    requirements=("recipients/intact",),
    first=("one_recipient_rejected", "mix_accepted_refused_deferred"),
)
def sends_nothing_to_the_others() -> None:
    """Sends an empty message to those who were accepted where another recipient was refused."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any, hand_over: Any) -> None:
            send_body = self._session.send_body

            async def send(content: bytes) -> Reply:
                if not self._results:
                    return await send_body(content)
                marked()
                return await send_body(b"")

            self._session.send_body = send
            await original(self, message, content, recipients, hand_over)

        return run

    patch(Transaction, "run", make)


@fault(
    kind=2,
    reference="https://lists.andrew.cmu.edu/pipermail/info-cyrus/2007-February/025207.html",
    reported=(
        "Replies were counted wrongly, so that a 250 was read as the answer to DATA, and the mail was bounced"
        " for it."
    ),
    requirements=("queue/kept",),
    first=("wrong_code_at_data",),
)
def bounces_for_a_reply_out_of_place() -> None:
    """Returns mail where the reply to DATA is a 2yz."""

    def make(original: Any) -> Any:
        def accepts(self: Any, reply: Reply, stage: Stage, **how: Any) -> bool:
            if stage is Stage.DATA and reply.positive:
                marked()
                return False
            return bool(original(self, reply, stage, **how))

        return accepts

    def failed(original: Any) -> Any:
        def fail(self: Any, recipients: Any, reply: Reply) -> None:
            if not reply.positive:
                original(self, recipients, reply)
                return
            failure = Failure(code="554", status="5.5.0", text=reply.line, server=self._server)
            self._results.update(dict.fromkeys(recipients, failure))

        return fail

    patch(Transaction, "_accepts", make)
    patch(Transaction, "_fail", failed)


@fault(
    kind=2,
    reference="https://github.com/knadh/listmonk/issues/2267",
    reported=(
        "When the server broke off while the content was sent, all there was to be seen was a broken pipe, "
        "and it was retried."
    ),
    requirements=("final/refused-amid-content", "permanent/not-retried"),
)
def does_not_read_a_refusal_amid_the_content() -> None:
    """Does not read a 5yz reply that comes before the content is through, only that the connection is lost then."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            if reply.code >= 500 and self._protocol.unsent:
                marked()
                raise SessionFailed(Stage.BODY, Cause.RESET, "Broken pipe")
            return reply

        return send_body

    patch(Session, "send_body", make)


@fault(
    kind=2,
    reference="https://github.com/knadh/listmonk/issues/2206",
    reported="A reply `250 Accepted` behind the content counted as an error, so that the message might go out twice.",
    requirements=("final/any-250-is-the-end", "control/delivered", "harmless/delivered"),
    first=("reply_259", "plain"),
)
def wants_a_status_in_the_last_reply() -> None:
    """Takes a 2yz reply to the final dot without an enhanced status code for an error that will pass."""

    def make(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Reply:
            reply: Reply = await original(self, content)
            if not reply.positive or reply.text.startswith("2."):
                return reply
            marked()
            return Reply(451, reply.text)

        return send_body

    patch(Session, "send_body", make)


def _remember(queue_id: str) -> None:
    with _RETURNED.open("a", encoding="ascii") as file:
        file.write(f"{queue_id}\n")


def _not_believed(which: Any) -> None:
    """Take some deliveries for deferrals, each recipient's once."""

    def make(original: Any) -> Any:
        async def conclude(self: Any, message: Any, results: Any) -> None:
            for recipient in which(results):
                if recipient not in _struck:
                    _struck.add(recipient)
                    marked(recipient)
                    results[recipient] = _LOCAL
            await original(self, message, results)

        return conclude

    patch(Relay, "_conclude", make)


@fault(
    kind=2,
    reference="https://github.com/viridIT/vSMTP/issues/424",
    reported=(
        "What was delivered from the queue of deferred messages stayed there, and was sent again every five "
        "minutes."
    ),
    requirements=("queue/recovers", "rfc/delivered-once"),
    first=("greeting_421",),
)
def keeps_what_a_retry_has_delivered() -> None:
    """Keeps a message that a retry has delivered, and delivers it once more."""
    _not_believed(
        lambda results: [
            recipient
            for recipient, result in results.items()
            if isinstance(result, Delivered) and recipient.attempts > 0
        ]
    )


@fault(
    kind=2,
    reference="https://github.com/linagora/james-project/pull/2662",
    reported="When some recipients had to wait, those who had got the message already got it again with the retry.",
    requirements=("recipients/delivered-once",),
    first=("one_recipient_deferred",),
)
def retries_for_all_where_some_have_to_wait() -> None:
    """Tries all recipients of a transaction again where some of them were deferred."""

    def which(results: Any) -> list[Any]:
        failures = [result for result in results.values() if isinstance(result, Failure)]
        if all(failure.permanent for failure in failures):
            return []
        return [recipient for recipient, result in results.items() if isinstance(result, Delivered)]

    _not_believed(which)


@fault(
    kind=2,
    reference="https://github.com/postalsys/emailengine/pull/223",
    reported=(
        "An error after the server had taken the message failed the whole job, so that the message was sent "
        "again."
    ),
    requirements=("harmless/delivered",),
    first=("close_at_quit", "reset_at_quit", "stall_at_quit"),
)
def takes_an_error_at_quit_for_a_failure() -> None:
    """Takes a delivery for failed where QUIT is not answered as it should be."""

    def make(original: Any) -> Any:
        async def run(self: Any, *message: Any) -> None:
            await original(self, *message)
            delivered = [each for each, result in self._results.items() if isinstance(result, Delivered)]
            if not delivered or _struck.issuperset(delivered):
                return
            try:
                await self._session._protocol.execute_command(
                    b"QUIT", timeout=self._session._timeouts.command
                )
            except (SMTPException, OSError):
                each_marked(delivered)
                _struck.update(delivered)
                self._results.update(dict.fromkeys(delivered, replace(_LOCAL, server=self._server)))

        return run

    patch(Transaction, "run", make)
