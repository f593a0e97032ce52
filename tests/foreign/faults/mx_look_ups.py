"""What a look-up that failed, or one that led elsewhere, is taken for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mutants.patching import patch

from conformance.reference import hosts, resolver, routing
from conformance.reference.delivery import Delivery
from conformance.reference.errors import Failure
from conformance.reference.hosts import Unroutable
from conformance.reference.message import Recipient
from conformance.reference.resolver import LookupDetail, LookupFailed, Resolver
from foreign.change import fault
from foreign.marker import each_marked, marked


def _without_mx_at(*details: LookupDetail) -> None:
    """Take ways in which the look-up of MX records fails for a domain that has none."""

    def make(original: Any) -> Any:
        async def mail_exchangers(self: Any, domain: str) -> Any:
            try:
                return await original(self, domain)
            except LookupFailed as error:
                if error.detail not in details:
                    raise
                marked()
                raise LookupFailed(domain, LookupDetail.NO_RECORDS) from error

        return mail_exchangers

    patch(Resolver, "mail_exchangers", make)


@fault(
    kind=1,
    reference="https://github.com/postalserver/postal/issues/2833",
    reported=(
        "When the MX records took longer than the time-out, mail went to the web server at the domain's own "
        "address and bounced."
    ),
    requirements=("mx/no-other-host",),
    first=("mx_no_answer_beside_address",),
)
def mx_timed_out_is_no_mx() -> None:
    """Goes to the domain's own address where the question about its MX records times out."""
    _without_mx_at(LookupDetail.TIMEOUT)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/68",
    reported=(
        "Mail to a domain with an address and without MX records was returned, instead of being sent to that "
        "address."
    ),
    requirements=("control/delivered",),
    first=("mx_implicit",),
)
def no_mx_is_an_error() -> None:
    """Returns mail for a domain that has no MX records, whatever address it has."""

    def make(original: Any) -> Any:
        async def find_hosts(route: Any, *others: Any) -> list[str]:
            found: list[str] = await original(route, *others)
            if not route.smart_hosts and found == [route.domain]:
                marked()
                raise Unroutable(Failure(code="550", status="5.1.2", text="No MX found", server=route.domain))
            return found

        return find_hosts

    patch(hosts, "find_hosts", make)


@fault(
    kind=1,
    reference="https://github.com/hmailserver/hmailserver/issues/462",
    reported=(
        "Where the recipient's domain is an alias, mail went to the address behind it and not to the MX of "
        "the name it stands for."
    ),
    requirements=("mx/aliased-domain",),
)
def goes_to_the_address_behind_an_aliased_domain() -> None:
    """Takes a recipient domain that is an alias for one without MX records."""

    def make(original: Any) -> Any:
        def read(answer: Any, asked: Any, name: str) -> Any:
            import dns.rdatatype

            rrset, target = original(answer, asked, name)
            of_mx = answer.question[0].rdtype == dns.rdatatype.MX
            alias = any(each.rdtype == dns.rdatatype.CNAME for each in answer.answer)
            if of_mx and alias:
                marked()
                raise LookupFailed(name, LookupDetail.NO_RECORDS)
            return rrset, target

        return read

    patch(resolver, "_read", make)


@fault(
    kind=1,
    reference="https://github.com/corecode/dma/issues/30",
    reported=(
        "While the network was down the smart host's name could not be resolved, and the mail that should "
        "have waited was bounced."
    ),
    requirements=("queue/kept",),
    first=("dns_servfail", "dns_no_answer"),
)
def bounces_where_its_smart_host_is_not_found() -> None:
    """Returns mail when its smart host cannot be looked up."""

    def make(original: Any) -> Any:
        async def find_addresses(host: str, route: Any, *others: Any) -> list[str]:
            try:
                found: list[str] = await original(host, route, *others)
            except Unroutable as error:
                if not route.smart_hosts:
                    raise
                marked()
                raise Unroutable(replace(error.failure, code="554", status="5.4.4")) from error
            return found

        return find_addresses

    patch(hosts, "find_addresses", make)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/742",
    reported=(
        "While the name server answered REFUSED, domains counted as invalid: the messages were gone, and no "
        "bounce was sent."
    ),
    requirements=("queue/not-lost", "queue/kept"),
    first=("mx_refused", "dns_refused"),
)
def loses_mail_when_the_name_server_refuses() -> None:
    """Drops mail without a word when its name server refuses to answer."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            results: dict[Recipient, Any] = await original(self, message, content, recipients)
            for recipient, result in results.items():
                if isinstance(result, Failure) and result.detail == LookupDetail.REFUSED:
                    marked(recipient)
                    recipient.notify = "NEVER"
                    results[recipient] = replace(
                        result, code="550", status="5.1.2", text="Invalid domain name"
                    )
            return results

        return run

    patch(Delivery, "run", make)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/91",
    reported="A backup mail exchanger returned mail as a loop while the primary one was down, instead of keeping it.",
    requirements=("queue/kept",),
    first=("mx_relay_in_list",),
)
def bounces_as_a_backup_when_the_primary_is_down() -> None:
    """Returns mail of a domain for which it is a backup when the better hosts are down."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            results: dict[Recipient, Any] = await original(self, message, content, recipients)
            if self._route.smart_hosts:
                return results
            try:
                records = await self._resolver.mail_exchangers(self._route.domain)
            except LookupFailed:
                return results
            if all(record.host.lower() != self._config.hostname for record in records):
                return results
            for recipient, result in results.items():
                if isinstance(result, Failure) and not result.permanent:
                    marked(recipient)
                    results[recipient] = replace(
                        result, code="554", status="5.4.6", text="Routing loop detected"
                    )
            return results

        return run

    patch(Delivery, "run", make)


@fault(
    kind=1,
    reference="https://github.com/foxcpp/maddy/issues/176",
    reported=(
        "Mail to a recipient whose domain is an address literal could not be sent at all, but was refused as "
        "unsupported."
    ),
    requirements=("recipients/address-literal",),
    free="RFC 5321 section 4.1.3 lets an address literal be used, and asks nobody to deliver to one but its own host "
    "(RFC 1123 section 5.2.17); who takes it and neither delivers nor returns it is caught",
)
def knows_no_address_literals() -> None:
    """Returns mail to a recipient at an address literal."""

    def make(original: Any) -> Any:
        async def run(self: Any, message: Any, content: bytes, recipients: Any) -> Any:
            of_literals = [each for each in recipients if routing.domain_of(each.address).startswith("[")]
            if not of_literals:
                return await original(self, message, content, recipients)
            each_marked(of_literals)
            failure = Failure(code="550", status="5.1.1", text="IP address literals are not supported")
            return dict.fromkeys(recipients, failure)

        return run

    patch(Delivery, "run", make)


@fault(
    kind=1,
    reference="https://github.com/Zuplu/postfix-tlspol/issues/172",
    reported=(
        "One mail exchanger whose name does not exist kept all mail of the domain waiting, though the others "
        "could be reached."
    ),
    requirements=("hosts/next-host",),
)
def one_unknown_exchanger_spoils_the_others() -> None:
    """Defers mail of a domain of which one mail exchanger cannot be looked up."""

    def make(original: Any) -> Any:
        async def find(route: Any, resolver: Any, hostname: str) -> list[str]:
            found: list[str] = await original(route, resolver, hostname)
            if not route.smart_hosts and len(found) > 1:
                for host in found:
                    try:
                        await hosts.find_addresses(host, route, resolver)
                    except Unroutable:
                        marked()
                        raise
            return found

        return find

    patch(hosts, "find_hosts", make)


@fault(
    kind=1,
    reference="https://oceanpark.com/webmuseum/2004/qmail-bug-01.html",
    reported=(
        "An answer of the name server of more than 512 octets failed the look-up, and the mail was deferred "
        "until it expired."
    ),
    requirements=("dns/answered",),
    first=("dns_truncated",),
)
def asks_for_no_more_than_a_datagram() -> None:
    """Fails where an answer of the name server is cut, and does not ask by TCP."""

    def make(_: Any) -> Any:
        async def exchange(self: Any, name: Any, rdtype: Any) -> Any:
            import dns.asyncquery
            import dns.flags
            import dns.message

            answer = await dns.asyncquery.udp(
                dns.message.make_query(name, rdtype),
                self._server.host,
                timeout=self._timeout,
                port=self._server.port,
                ignore_unexpected=True,
                ignore_errors=True,
            )
            if answer.flags & dns.flags.TC:
                marked(name.to_text(omit_final_dot=True))
                raise LookupFailed(name.to_text(), LookupDetail.RETRY)
            return answer

        return exchange

    patch(Resolver, "_exchange", make)
