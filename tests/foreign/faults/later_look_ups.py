"""Later reports about where mail goes: aliases, failures that are remembered, addresses of old, and other ways out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mutants.patching import patch

from conformance.reference import hosts, routing, transaction
from conformance.reference.classify import Cause, Stage
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure, SessionFailed, deferral
from conformance.reference.message import Recipient
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from conformance.reference.session import Session
from conformance.reference.transaction import Delivered, Transaction
from foreign.change import fault
from foreign.marker import in_hand, marked


@fault(
    kind=6,
    reference="https://github.com/notqmail/notqmail/issues/120",
    reported="Where the domain of a recipient was an alias, the name behind it was put into RCPT in its place.",
    requirements=("mx/aliased-domain",),
    first=("mx_domain_alias",),
    free="RFC 1123 section 5.2.2 asked for the name behind an alias in RCPT, and by RFC 5321 section 5.1 it is "
    "processed as if it were the one that was given; what was sent is for the same mailbox.",
)
def writes_the_name_behind_an_alias_into_recipients() -> None:
    """Writes the name that a recipient domain is an alias for into the RCPT command."""
    known: dict[str, str] = {}

    def asked(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            found = await original(self, name, rdtype)
            owner = found.name.to_text(omit_final_dot=True)
            if rdtype == "MX" and owner.lower() != name.lower():
                known[name.lower()] = owner
            return found

        return ask

    def make(original: Any) -> Any:
        def rcpt_command(recipient: Recipient, extensions: dict[str, str]) -> str:
            line: str = original(recipient, extensions)
            local, _, domain = recipient.address.rpartition("@")
            if domain.lower() not in known:
                return line
            marked(recipient)
            return line.replace(f"<{local}@{domain}>", f"<{local}@{known[domain.lower()]}>")

        return rcpt_command

    patch(Resolver, "_ask", asked)
    patch(transaction, "rcpt_command", make)


@fault(
    kind=1,
    reference="https://github.com/postalserver/postal/issues/1088",
    reported="When the mail exchangers of a domain had trouble that would pass, mail went on to the domain's own "
    "address, where another server refused it for good.",
    requirements=("mx/no-other-host",),
    first=("mx_greeting_421_beside_address",),
)
def goes_to_the_domain_itself_when_its_exchangers_fail() -> None:
    """Tries a domain's own address behind its mail exchangers."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            found: list[str] = await original(route, *others)
            return found if route.smart_hosts or route.domain in found else [*found, route.domain]

        return find_hosts

    def addressed(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, resolver: Any) -> Any:
            found = await original(host, route, resolver)
            if not route.smart_hosts and host == route.domain:
                marked()
            return found

        return find_addresses

    patch(hosts, "find_hosts", make)
    patch(hosts, "find_addresses", addressed)


@fault(
    kind=1,
    reference="https://github.com/zone-eu/zone-mta/issues/418",
    reported="All mail for a domain was deferred, as the look-up of its exchangers had failed, while another relay "
    "delivered there; to turn the relay's own cache of answers off was the advice.",
    requirements=("dns-cache/failure", "queue/recovers"),
    first=("dns_servfail",),
)
def keeps_a_failed_look_up_for_ever() -> None:
    """Remembers for as long as it runs that a question was not answered."""
    failed: dict[tuple[str, str], LookupFailed] = {}

    def make(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            if (name, rdtype) in failed:
                marked()
                raise failed[name, rdtype]
            try:
                return await original(self, name, rdtype)
            except LookupFailed as error:
                if not error.detail.conclusive:
                    failed[name, rdtype] = error
                raise

        return ask

    patch(Resolver, "_ask", make)


@fault(
    kind=1,
    reference="https://github.com/chatmail/core/issues/7901",
    reported="After a server had moved, and a moment without a network, connections went to its former address "
    "again, though its name had led to the new one for days.",
    requirements=("dns-cache/address",),
    first=("stale_address", "stale_mx"),
    free="Within the time to live a former address may be used, and whoever goes on to the new one in the same attempt "
    "delivers with the next connection; a server that is still at the old one takes the mail as it did before.",
)
def goes_back_to_addresses_that_worked() -> None:
    """Tries an address of a host to which it has once had a connection before those that its name leads to now."""
    worked: dict[str, str] = {}

    def opened(original: Any) -> Any:
        async def prepare(self: Any, host: str, address: str, **how: Any) -> Session:
            try:
                session: Session = await original(self, host, address, **how)
            except SessionFailed as error:
                if error.stage is not Stage.CONNECT:
                    worked[host] = address
                raise
            worked[host] = address
            return session

        return prepare

    def make(original: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            found: list[str] = await original(self, host)
            former = worked.get(host)
            if former is None or former in found or in_hand() is None:
                return found
            marked()
            return [former, *found]

        return addresses

    patch(Delivery, "_prepare", opened)
    patch(Resolver, "addresses", make)


@fault(
    kind=6,
    reference="https://github.com/trumail/trumail/issues/9",
    reported="Domains with letters beyond ASCII were said to have no mail server: their names were looked up as they "
    "are written, and not in their ASCII form.",
    requirements=("content/delivered", "control/delivered"),
    first=("idn_offered",),
)
def looks_international_domains_up_as_they_are() -> None:
    """Finds no mail exchanger for a domain that is beyond ASCII."""
    patch(routing, "domain_of", lambda _: lambda address: address.rpartition("@")[2].lower())

    def make(original: Any) -> Any:
        async def ask(self: Any, name: str, rdtype: str) -> Any:
            if not name.isascii():
                marked()
                raise LookupFailed(name, LookupDetail.NONEXISTENT)
            return await original(self, name, rdtype)

        return ask

    patch(Resolver, "_ask", make)


@fault(
    kind=2,
    reference="https://github.com/openwrt/packages/pull/24603",
    reported="A server refused the only recipient for good, in a group of commands, and closed; the relay took that "
    "for a lost connection, and tried the next mail exchanger for a recipient who had been dealt with.",
    requirements=("permanent/not-retried", "permanent/returned"),
    first=("refused_at_rcpt_then_reset",),
    free="A connection that is lost is like a 451 (RFC 5321 section 3.8), so who tries again after a refusal that was "
    "followed by that is within its rights.",
)
def forgets_a_refusal_when_the_server_closes() -> None:
    """Takes recipients who were refused in a group of commands for deferred where the connection ends with it."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, *others: Any) -> None:
            await original(self, message, content, *others)
            session = self._session
            refused = [each for each, result in self._results.items() if isinstance(result, Failure)]
            if len(refused) < len(self._results) or not session._protocol.due:
                return
            line = session._group.popleft()
            try:
                await session._read(Stage.DATA, session._protocol.read_response(session._timeouts.command))
            except SessionFailed as error:
                if error.cause is Cause.SILENT or line != "DATA":
                    raise
                marked()
                self._results.clear()
                raise

        return run

    patch(Transaction, "run", make)


@fault(
    kind=2,
    reference="https://github.com/viridIT/vSMTP/pull/427",
    reported="What was delivered to a domain with a single mail exchanger was put among the deferred all the same.",
    requirements=("control/delivered", "nothing-lost/once"),
    first=("plain_mx",),
)
def defers_what_the_only_exchanger_took() -> None:
    """Defers a message that the only mail exchanger of its domain has taken."""
    exchangers: dict[str, int] = {}

    def found(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            names: list[str] = await original(route, *others)
            exchangers[route.domain] = len(names)
            return names

        return find_hosts

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Sequence[Recipient]) -> Any:
            results = await original(self, message, content, recipients)
            if self._route.smart_hosts or exchangers.get(self._route.domain) != 1:
                return results
            delivered = [each for each, result in results.items() if isinstance(result, Delivered)]
            if delivered:
                marked(message)
                none = deferral(Stage.CONNECT, Cause.REFUSED, "No server is left", server=self._route.domain)
                results.update(dict.fromkeys(delivered, none))
            return results

        return run

    patch(hosts, "find_hosts", found)
    patch(Delivery, "run", make)
