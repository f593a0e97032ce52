"""Which hosts and addresses are tried, and in which order."""

from __future__ import annotations

from typing import Any

from mutants.patching import patch

from conformance.reference import hosts
from conformance.reference.resolver import LookupDetail, LookupFailed, MailExchanger, Resolver
from foreign.change import fault
from foreign.marker import marked

_NEXT = ("hosts/next-host",)
_EVERY_ADDRESS = ("hosts/every-address",)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/775",
    reported=(
        "With two dead mail exchangers the third one was never used: the first was taken up again before its "
        "turn came."
    ),
    requirements=_NEXT,
)
def tries_two_hosts_only() -> None:
    """Tries the first two hosts of a destination and none behind them."""

    def make(original: Any) -> Any:
        async def find_hosts(*where: Any) -> list[str]:
            found: list[str] = await original(*where)
            if len(found) > 2:
                marked()
            return found[:2]

        return find_hosts

    patch(hosts, "find_hosts", make)


def _some_addresses(choose: Any) -> None:
    """Try only some of the addresses of a host that has several."""

    def make(original: Any) -> Any:
        async def find_addresses(*where: Any) -> list[str]:
            found: list[str] = await original(*where)
            chosen: list[str] = choose(found)
            if chosen != found:
                marked()
            return chosen

        return find_addresses

    patch(hosts, "find_addresses", make)


@fault(
    kind=1,
    reference="https://github.com/haraka/Haraka/issues/3314",
    reported=(
        "A mail exchanger with a bogus IPv6 address and a good IPv4 one got no mail: only one of the two was "
        "tried."
    ),
    requirements=_EVERY_ADDRESS,
)
def tries_one_address_of_each_host() -> None:
    """Tries the first address of each host and no other."""
    _some_addresses(lambda found: found[:1])


@fault(
    kind=1,
    reference="https://github.com/postalserver/postal/issues/813",
    reported=(
        "Hosts whose IPv6 does not work and whose IPv4 does were never reached; all mail failed softly until "
        "it was given up."
    ),
    requirements=_EVERY_ADDRESS,
)
def forgets_ipv4_where_there_is_ipv6() -> None:
    """Tries the IPv6 addresses of a host that has any, and none of its IPv4 addresses."""
    _some_addresses(lambda found: [each for each in found if ":" in each] or found)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/624",
    reported=(
        "A smart host with eight IPv6 and six IPv4 addresses was tried by the first few again and again, by "
        "the last ones never."
    ),
    requirements=_EVERY_ADDRESS,
)
def tries_three_addresses_of_each_host() -> None:
    """Tries the first three addresses of each host and none behind them."""
    _some_addresses(lambda found: found[:3])


@fault(
    kind=1,
    reference="https://github.com/foxcpp/maddy/issues/631",
    reported="A domain whose mail exchanger has an IPv6 address only was said to have no usable one.",
    requirements=("hosts/ipv6-only-behind-mx", "control/delivered"),
    first=("ipv6_only",),
)
def asks_for_ipv4_addresses_only() -> None:
    """Never asks for the IPv6 addresses of a host."""

    def make(_: Any) -> Any:
        async def addresses(self: Any, host: str) -> list[str]:
            try:
                return [record.address for record in await self._ask(host, "A")]
            except LookupFailed as error:
                if error.detail is LookupDetail.NO_RECORDS:
                    marked()
                raise

        return addresses

    patch(Resolver, "addresses", make)


def _in_another_order(order: Any) -> None:
    """Take mail exchangers in another order than that of their preferences."""

    def make(original: Any) -> Any:
        def order_exchangers(records: Any, hostname: str) -> list[str]:
            known = list(records)
            allowed: set[str] = set(original(known, hostname))
            found = [record.host for record in order(known) if record.host in allowed]
            if len({record.preference for record in known}) > 1:
                marked()
            return found

        return order_exchangers

    patch(hosts, "order_exchangers", make)


@fault(
    kind=1,
    reference="https://github.com/guileen/node-sendmail/pull/57",
    reported="Mail went to the mail exchanger with the highest preference number, so always to the backup.",
    requirements=("mx/preference",),
)
def takes_the_highest_number_first() -> None:
    """Takes the mail exchanger with the highest preference number first."""
    _in_another_order(lambda known: sorted(known, key=lambda record: -record.preference))


@fault(
    kind=1,
    reference="https://github.com/richfelker/mxclient/issues/1",
    reported=(
        "Mail exchangers were tried in the order in which the name server had put them, whatever their "
        "preferences."
    ),
    requirements=("mx/preference",),
)
def takes_exchangers_as_they_come() -> None:
    """Takes mail exchangers in the order of the records in the answer."""
    _in_another_order(lambda known: known)


@fault(
    kind=1,
    reference="https://github.com/OpenSMTPD/OpenSMTPD/issues/1190",
    reported=(
        "A domain whose MX record leads to the sending machine itself sent the message through it in an "
        "endless loop."
    ),
    requirements=("mx/self-undeliverable",),
)
def does_not_know_itself_among_exchangers() -> None:
    """Delivers to itself where an MX record leads to it."""

    def make(original: Any) -> Any:
        def order_exchangers(records: Any, hostname: str) -> list[str]:
            known: list[MailExchanger] = list(records)
            if any(record.host.lower() == hostname for record in known):
                marked()
            found: list[str] = original(known, "")
            return found

        return order_exchangers

    patch(hosts, "order_exchangers", make)
