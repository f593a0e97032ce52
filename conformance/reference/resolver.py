"""Questions to the one configured name server; nothing is cached: a repaired zone is seen at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from .config import Address

if TYPE_CHECKING:
    import dns.message
    import dns.name
    import dns.rrset

_LONGEST_CHAIN = 8  # CNAMEs followed beyond the first answer


class LookupDetail(StrEnum):
    """Why a question has no answer, in the words of the source document's samples."""

    NONEXISTENT = "InfoDomainNonexistent"  # NXDOMAIN
    NO_RECORDS = "InfoNoRecords"  # the name exists, records of this type do not
    RETRY = "ErrorRetry"  # SERVFAIL and answers that are of no use
    REFUSED = "ErrorRefused"
    TIMEOUT = "ErrorTimeout"

    @property
    def conclusive(self) -> bool:
        """Whether the name server knew, and said that there is nothing (RFC 2308)."""
        return self in (LookupDetail.NONEXISTENT, LookupDetail.NO_RECORDS)


class LookupFailed(Exception):
    """A question without an answer."""

    def __init__(self, name: str, detail: LookupDetail) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
        self.detail = detail


@dataclass(frozen=True, order=True)
class MailExchanger:
    """An MX record; `host` is empty for the null MX."""

    preference: int
    host: str


class Resolver:
    """Asks one name server, by UDP, and by TCP where the answer was cut (RFC 7766 5).

    Each question is sent once: the next delivery attempt repeats it soon enough.

    Args:
        server: Where the name server listens.
        timeout: How long one question may take in all, in seconds.
    """

    def __init__(self, server: Address, timeout: float) -> None:
        self._server = server
        self._timeout = timeout

    async def mail_exchangers(self, domain: str) -> list[MailExchanger]:
        """Return the MX records of a domain, in no order.

        Raises:
            LookupFailed: There are none, or nobody knows.
        """
        rrset = await self._ask(domain, "MX")
        return [
            MailExchanger(record.preference, record.exchange.to_text(omit_final_dot=True).removesuffix("."))
            for record in rrset
        ]

    async def addresses(self, host: str) -> list[str]:
        """Return the IP addresses of a host, IPv6 first (RFC 8305 section 4).

        A and AAAA are asked at the same time, and one of them failing does not spoil the other.

        Raises:
            LookupFailed: Neither gave an address; the reason that leaves hope comes first.
        """
        answers = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"), return_exceptions=True)
        found: list[str] = []
        failures: list[LookupFailed] = []
        for answer in answers:
            if isinstance(answer, LookupFailed):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.extend(record.address for record in answer)
        if not found:
            raise min(failures, key=lambda failure: failure.detail.conclusive)
        return sorted(found, key=lambda address: ":" not in address)

    async def _ask(self, name: str, rdtype: str) -> dns.rrset.RRset:
        import dns.exception
        import dns.name
        import dns.rdatatype

        wanted = dns.rdatatype.from_text(rdtype)
        try:
            target = dns.name.from_text(name)
            async with asyncio.timeout(self._timeout):
                for _ in range(_LONGEST_CHAIN):
                    answer = await self._exchange(target, wanted)
                    rrset, target = _read(answer, target, name)
                    if rrset is not None:
                        return rrset
        except (TimeoutError, dns.exception.Timeout) as error:
            raise LookupFailed(name, LookupDetail.TIMEOUT) from error
        except (dns.exception.DNSException, EOFError, OSError, UnicodeError) as error:
            raise LookupFailed(name, LookupDetail.RETRY) from error
        raise LookupFailed(name, LookupDetail.RETRY)  # the chain of aliases does not end

    async def _exchange(self, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> dns.message.Message:
        import dns.asyncquery
        import dns.message

        from .datagram_socket import DatagramSocket

        async with DatagramSocket(self._server.host) as asking:
            answer, _ = await dns.asyncquery.udp_with_fallback(
                dns.message.make_query(name, rdtype),
                self._server.host,
                timeout=self._timeout,
                port=self._server.port,
                ignore_unexpected=True,
                ignore_errors=True,  # a forged or garbled datagram must not end the wait for the true one
                udp_sock=asking,
            )
        return answer


def _read(
    answer: dns.message.Message, asked: dns.name.Name, name: str
) -> tuple[dns.rrset.RRset | None, dns.name.Name]:
    """Return the records, or None and the alias to ask next."""
    import dns.message
    import dns.rcode
    import dns.rdatatype

    assert isinstance(answer, dns.message.QueryMessage)
    rcode = answer.rcode()
    if rcode == dns.rcode.REFUSED:
        raise LookupFailed(name, LookupDetail.REFUSED)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise LookupFailed(name, LookupDetail.RETRY)
    chain = answer.resolve_chaining()
    if chain.answer is not None:
        return chain.answer, asked
    if rcode == dns.rcode.NXDOMAIN:
        raise LookupFailed(name, LookupDetail.NONEXISTENT)
    if chain.canonical_name != asked:
        return None, chain.canonical_name
    authority = {rrset.rdtype for rrset in answer.authority}
    if dns.rdatatype.NS in authority and dns.rdatatype.SOA not in authority:
        raise LookupFailed(name, LookupDetail.RETRY)  # a referral: this server does not know (RFC 2308 2.2)
    raise LookupFailed(name, LookupDetail.NO_RECORDS)
