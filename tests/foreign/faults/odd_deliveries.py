"""Unusual ways to deliver, to retry and to go on after a failure that no RFC forbids."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

from mutants.patching import patch

from conformance.reference import delivery, hosts, schedule
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import SessionFailed
from conformance.reference.hosts import Unroutable
from conformance.reference.relay import Relay
from conformance.reference.session import Reply, Session, stuff_dots
from foreign.change import oddity
from foreign.marker import in_hand, marked

_JITTER = 0.1  # of a pause
_HOSTS = (
    "first_host_refused",
    "first_host_silent",
    "first_host_closes",
    "hosts_close_then_421",
    "greeting_421",
)


@oddity(
    kind=8,
    permitted="RFC 5321 section 4.5.4.1: the pauses between tries are the sender's to choose",
    scenarios=("connection_refused", "greeting_421", "connection_refused.day", "greeting_421.expires"),
)
def waits_a_little_longer_or_shorter() -> None:
    """Waits for a tenth more or less than its schedule says, at random."""

    def make(original: Any) -> Any:
        def next_attempt_at(ended_at: float, attempts: int, plan: Any) -> float:
            pause: float = original(ended_at, attempts, plan) - ended_at
            if in_hand() is not None:
                marked()
            return ended_at + pause * random.uniform(1 - _JITTER, 1 + _JITTER)

        return next_attempt_at

    patch(schedule, "next_attempt_at", make)


@oddity(
    kind=1,
    permitted="RFC 5321 section 5.1: no RFC prescribes the order of smart hosts",
    scenarios=(*_HOSTS, "connection_refused", "plain"),
)
def takes_smart_hosts_in_any_order() -> None:
    """Tries its smart hosts in another order each time."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, resolver: Any, hostname: str) -> list[str]:
            found: list[str] = await original(route, resolver, hostname)
            if route.smart_hosts and len(found) > 1:
                marked()
                random.shuffle(found)
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@oddity(
    kind=1,
    permitted="RFC 5321 section 5.1: when the addresses of hosts are looked up is the client's choice",
    scenarios=(*_HOSTS, "mx_preference", "mx_best_refused", "mx_best_nxdomain", "first_host_nxdomain"),
)
def looks_all_hosts_up_first() -> None:
    """Looks up the addresses of all hosts before it connects to the first."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            try:
                found = await hosts.find_hosts(self._route, self._resolver, self._config.hostname)
            except Unroutable:
                found = []
            asked = [hosts.find_addresses(host, self._route, self._resolver) for host in found]
            await asyncio.gather(*asked, return_exceptions=True)
            if len(found) > 1:
                marked()
            return await original(self, message, content, recipients)

        return run

    patch(Delivery, "run", make)


@oddity(
    kind=6,
    permitted="RFC 5321 section 4.5.4.1: one copy for several recipients is a SHOULD of the queue, not of what is sent",
    requirements=("recipients/own-outcome", "recipients/delivered-once"),
    scenarios=("plain", "one_recipient_rejected"),
)
def hands_over_a_copy_for_each_recipient() -> None:
    """Makes an attempt for each recipient of a message, one after the other."""

    def make(original: Any) -> Any:
        async def deliver(self: Any, message: Any, route: Any, recipients: Sequence[Any]) -> Any:
            if len(recipients) < 2:
                return await original(self, message, route, recipients)
            marked(message)
            results: dict[Any, Any] = {}
            for each in recipients:
                results |= await original(self, message, route, [each])
            return results

        return deliver

    patch(Relay, "_deliver", make)


@oddity(
    kind=2,
    permitted="RFC 5321 section 3.8: a lost connection is like 451, and after 451 another host may be tried at once",
    scenarios=("stall_at_dot", "close_at_dot", "first_host_closes", "plain"),
)
def goes_to_the_next_host_behind_the_final_dot() -> None:
    """Tries the next host or address at once where the connection was lost behind the final dot."""

    def make(original: Any) -> Any:
        async def try_address(self: Any, *given: Any) -> bool:
            if not await original(self, *given):
                marked()
            return True

        return try_address

    patch(Delivery, "_try_address", make)


@oddity(
    kind=3,
    permitted="RFC 5321 section 3.2: a client may use HELO where EHLO is refused",
    scenarios=("reply_5yz_at_ehlo", "reply_421_at_ehlo", "plain", "greeting_421"),
    requirements=("offers/helo",),
)
def says_helo_where_ehlo_is_refused() -> None:
    """Says HELO after any 5yz reply to EHLO."""

    def make(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Any:
            reply = await original(self, stage, line)
            if line.startswith("EHLO ") and reply.code >= 500:
                marked()
                return Reply(500, reply.text)
            return reply

        return command

    patch(Session, "command", make)


@oddity(
    kind=3,
    permitted="RFC 3030 section 2: where CHUNKING is offered, content may be sent by BDAT",
    scenarios=("plain", "offers_chunking", "offers_chunking_large", "offers_less_later", "leading_dots"),
)
def sends_chunks() -> None:
    """Sends a message by BDAT, in one chunk, where CHUNKING is offered."""

    def commanded(original: Any) -> Any:
        async def command(self: Any, stage: Stage, line: str) -> Any:
            if stage is Stage.DATA and "chunking" in self.extensions:
                return Reply(354, "as if it had been asked")
            return await original(self, stage, line)

        return command

    def grouped(original: Any) -> Any:
        def group(self: Any, lines: Sequence[str]) -> None:
            original(self, [line for line in lines if line != "DATA" or "chunking" not in self.extensions])

        return group

    def sent(original: Any) -> Any:
        async def send_body(self: Any, content: bytes) -> Any:
            if "chunking" not in self.extensions:
                return await original(self, content)
            marked()
            reply = asyncio.ensure_future(self._protocol.read_response())
            try:
                await asyncio.sleep(0)
                self._transport.write(f"BDAT {len(content)} LAST\r\n".encode() + content)
                await self._watch_sending(reply)
                return await self._read(Stage.BODY, reply)
            finally:
                reply.cancel()

        return send_body

    assert stuff_dots(b".") == b".."  # what chunks must not have done to them
    patch(Session, "command", commanded)
    patch(Session, "group", grouped)
    patch(Session, "send_body", sent)


@oddity(
    kind=4,
    permitted="RFC 5321 section 4.1.1.10: a client may end a session at any time, by QUIT",
    scenarios=("plain", "rejected_at_rcpt", "good_under_opportunistic"),
)
def opens_a_connection_that_it_does_not_use() -> None:
    """Opens a second connection beside the one that it delivers on, and leaves it with QUIT."""

    def make(original: Any) -> Any:
        async def open_session(self: Any, host: str, address: str) -> Session:
            session: Session = await original(self, host, address)
            try:
                spare = await Session.open(address, self._config.next_hop_port, self._config.timeouts)
                await spare.greet()
            except SessionFailed:
                return session
            marked()
            spare.leave()
            return session

        return open_session

    patch(Delivery, "_open_session", make)


@oddity(
    kind=7,
    permitted="RFC 3207 section 4.1: whether to go on without TLS is the client's decision",
    scenarios=("plain", "starttls_454_under_opportunistic", "broken_handshake_under_opportunistic"),
    requirements=("tls/opportunistic",),
)
def waits_for_the_tls_that_was_offered() -> None:
    """Tries again later, and not in clear, where a server offers TLS and the handshake fails."""

    def make(original: Any) -> Any:
        def is_tls_trouble(error: SessionFailed) -> bool:
            if error.stage is Stage.HANDSHAKE and error.cause is not Cause.CERTIFICATE:
                marked()
                return False
            return bool(original(error))

        return is_tls_trouble

    patch(delivery, "is_tls_trouble", make)
