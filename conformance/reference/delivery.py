"""One delivery attempt: every host of the destination and every address of each, until nobody waits."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

from .classify import Cause, Stage
from .config import Config
from .config_reader import is_ip_literal
from .errors import Failure, SessionFailed, deferral
from .hosts import Unroutable, find_addresses, find_hosts
from .message import Message, Recipient
from .resolver import Resolver
from .routing import Route
from .session import Session
from .tls import chain_detail, client_context, name_detail, verify_name
from .transaction import Delivered, Results, Transaction


class Delivery:
    """An attempt to deliver one message to one destination.

    Args:
        config: The relay's configuration.
        resolver: Where names are looked up, anew in each attempt.
        route: The destination.
        hand_over: Called right before the message itself is sent; after that the attempt must not be called
            off.
    """

    def __init__(
        self, config: Config, resolver: Resolver, route: Route, hand_over: Callable[[], None]
    ) -> None:
        self._config = config
        self._resolver = resolver
        self._route = route
        self._hand_over = hand_over

    async def run(self, message: Message, content: bytes, recipients: Sequence[Recipient]) -> Results:
        """Return for each recipient how the attempt ended; of several failures, the one met last."""
        results: Results = {}
        try:
            hosts = await find_hosts(self._route, self._resolver, self._config.hostname)
        except Unroutable as error:
            return dict.fromkeys(recipients, error.failure)
        for host in hosts:
            try:
                addresses = await find_addresses(host, self._route, self._resolver)
            except Unroutable as error:
                results.update(dict.fromkeys(unfinished(recipients, results), error.failure))
                continue
            for address in addresses:
                waiting = unfinished(recipients, results)
                safe_to_go_on = await self._try_address(host, address, message, content, waiting, results)
                if not safe_to_go_on or not unfinished(recipients, results):
                    return results
        return results

    async def _try_address(
        self,
        host: str,
        address: str,
        message: Message,
        content: bytes,
        recipients: Sequence[Recipient],
        results: Results,
    ) -> bool:
        """Try one address; return whether others may be tried for those who still wait.

        After the loss of the connection behind the final dot they may not: the server may have the message,
        and handing it to another host at once would make a duplicate likely.
        """
        where = f"[{address}]" if ":" in address else address
        endpoint = f"{where}:{self._config.next_hop_port}"
        news: Results = {}
        session: Session | None = None
        lost: SessionFailed | None = None
        try:
            session = await self._open_session(host, address)
            transaction = Transaction(session, server=host, address=endpoint, results=news)
            await transaction.run(message, content, recipients, self._hand_over)
        except SessionFailed as error:
            failure = deferral(error.stage, error.cause, error.detail, server=host, address=endpoint)
            news.update(dict.fromkeys([each for each in recipients if each not in news], failure))
            may_go_on = error.stage is not Stage.BODY
            lost = error
        except BaseException:
            if session is not None:
                session.abort()
            raise
        else:
            may_go_on = True
        results.update(news)
        if session is not None:
            part(session, lost)
        return may_go_on

    async def _open_session(self, host: str, address: str) -> Session:
        try:
            return await self._prepare(host, address, try_tls=True)
        except SessionFailed as error:
            if self._route.tls.required or not is_tls_trouble(error):
                raise
        return await self._prepare(host, address, try_tls=False)

    async def _prepare(self, host: str, address: str, *, try_tls: bool) -> Session:
        """Return a session ready for MAIL, secured as the route demands."""
        session = await Session.open(address, self._config.next_hop_port, self._config.timeouts)
        try:
            await session.greet()
            await session.ehlo(self._config.hostname)
            if try_tls and "starttls" in session.extensions:
                await self._secure(session, host)
            elif self._route.tls.required:
                detail = "451 5.7.3 STARTTLS is required to send mail"
                raise SessionFailed(Stage.EHLO, Cause.NO_TLS, detail)
        except SessionFailed as error:
            part(session, error)
            raise
        except BaseException:
            session.abort()
            raise
        return session

    async def _secure(self, session: Session, host: str) -> None:
        expected = self._route.tls_domain or host
        context = client_context(self._route.tls, self._config.trust_anchors)
        try:
            await session.starttls(context, None if is_ip_literal(host) else host)
        except ssl.SSLCertVerificationError as error:
            detail = chain_detail(error.verify_code, expected)
            raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, detail) from error
        if self._route.tls_domain and not verify_name(session.certificate, expected):
            detail = name_detail(expected)
            raise SessionFailed(Stage.HANDSHAKE, Cause.CERTIFICATE, detail)
        await session.ehlo(self._config.hostname)


def part(session: Session, error: SessionFailed | None) -> None:
    """End a session with QUIT; without a word if the server has long been silent and would not answer that either."""
    if error is not None and error.cause is Cause.SILENT:
        session.abort()
    else:
        session.leave()


def unfinished(recipients: Sequence[Recipient], results: Results) -> list[Recipient]:
    """Return those who are neither delivered nor refused for good."""
    return [each for each in recipients if may_be_tried(results.get(each))]


def may_be_tried(result: Delivered | Failure | None) -> bool:
    """Whether another host may still take the message, after `result` (None: nothing yet)."""
    return result is None or (isinstance(result, Failure) and not result.permanent)


def is_tls_trouble(error: SessionFailed) -> bool:
    """Whether the session failed because of TLS, so that one in clear may succeed."""
    if error.stage is Stage.STARTTLS:
        return error.cause in (Cause.REJECTED, Cause.MALFORMED)
    return error.stage is Stage.HANDSHAKE
