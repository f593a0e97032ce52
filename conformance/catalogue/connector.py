"""The relay's side of a failure mode: how its connector finds the hosts, and what it asks of TLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.target import TlsPolicy
from fake_servers import Answer, Certificate, Records


@dataclass(frozen=True, kw_only=True)
class SmartHosts:
    """A connector that names the hosts, in their order.

    Attributes:
        literal: Whether it names them by address.
        mixed_case: Whether it writes their names with one capital letter for each label; letters of either case are
            the same in a name (RFC 4343).
        wildcard: Whether its domain is a wildcard, and the recipient domain a name below that.
    """

    literal: bool = False
    mixed_case: bool = False
    wildcard: bool = False


@dataclass(frozen=True, kw_only=True)
class MxRouting:
    """A connector without smart hosts: mail goes by the MX records of the recipient domain (RFC 5321 section 5.1).

    Attributes:
        preferences: The preference of each host that has a name, in the order of the hosts and of the records in the
            answer.
        answer: What the MX look-up gets instead of the records; other answers than records stand for all types.
        apex: Whether the last of the hosts is the domain itself, by its address record. It has a preference only
            if an MX record names it: without any MX record it is the one host (implicit MX), with some it is a
            place where no mail may go.
        relay: The preference of a further record, which names the relay itself; None: there is none.
        ttl: Seconds for which the records may be kept.
        moves: Whether the repair has the records name another host, with a healthy server, instead of one that
            moves (`DnsName.moves`); the old name and its server stay as they are.
        more: Further records as they are told, beside those of the hosts: `{relay}` is the relay's own name,
            `{RELAY}` the same in capitals, `{address}` the IPv4 address of the last host, which is no name.
        aliases: How many aliases (CNAME) lead from the recipient domain to the name that has the records.
        served: How the name server gives the records, as a function of them.
        forbidden: Numbers of the hosts, counted from 0, that the relay may not even connect to.
        unnamed: Whether no connector names the recipient domain.
        stands_in: Whether the failure mode is declared with smart hosts, in whose place the records stand for a target
            that cannot be given any (`by_mx.py`).
    """

    preferences: tuple[int, ...] = (10,)
    answer: Answer | None = None
    apex: bool = False
    relay: int | None = None
    ttl: int = 0
    moves: bool = False
    more: tuple[str, ...] = ()
    aliases: int = 0
    served: Callable[[Records], Answer] | None = None
    forbidden: tuple[int, ...] = ()
    unnamed: bool = False
    stands_in: bool = False


@dataclass(frozen=True, kw_only=True)
class TlsRule:
    """The connector's TLS rule.

    Attributes:
        policy: What it asks for.
        name: The name that a certificate must bear, as `{host}` (the first host) or `{domain}` (the recipient
            domain) and what stands around it; only with DOMAIN_VALIDATION.
        proper: The certificate that the repair brings, where TLS is required.
    """

    policy: TlsPolicy = TlsPolicy.OPPORTUNISTIC
    name: str = "{host}"
    proper: Certificate = Certificate.GOOD

    @property
    def required(self) -> bool:
        """Whether no mail may go without TLS."""
        return self.policy is not TlsPolicy.OPPORTUNISTIC
