"""A name server that gives the smart host's address in an unusual way, or fails where nobody depends on it."""

from functools import partial

from conformance.catalogue.destination import DnsName, EachAttempt, Host, Timeout
from conformance.catalogue.failure_mode import FailureMode
from conformance.catalogue.message import Kind
from conformance.catalogue.section import Section
from conformance.witness.attempts import Witness
from conformance.witness.dns import (
    alias_told,
    delayed,
    forged_elsewhere,
    forged_first,
    other_family_failed,
    truncated,
)
from fake_servers import (
    Answer,
    Delayed,
    ForgedElsewhere,
    ForgedFirst,
    NxDomain,
    Refused,
    ServFail,
    Silence,
    Truncated,
)

_LATE = 0.4  # seconds: noticeable, and well within the time-out of any resolver
_UNASKED = "the relay asks for no IPv6 addresses"
# RFC 7766 section 5 lets it.
TCP_AT_ONCE = "the relay asks its name server by TCP at once"


def _answered(
    name: str, staged: str, host: Host, witness: Witness, avoidable_because: str = ""
) -> FailureMode:
    return FailureMode(
        name=name,
        section=Section.DNS,
        staged=staged,
        kind=Kind.HARMLESS,
        hosts=(host,),
        witness=witness,
        avoidable_because=avoidable_because,
    )


def _family(name: str, what: str, answer: Answer, *, timeout: Timeout | None = None) -> FailureMode:
    """Return a failure mode in which the look-up of IPv6 addresses fails (RFC 4074: seen with many servers)."""
    return FailureMode(
        name=f"dns_aaaa_{name}",
        section=Section.DNS_FAMILY,
        staged=f"Asked for the smart host's IPv6 addresses, the name server {what}; its IPv4 address is known.",
        kind=Kind.HARMLESS,
        hosts=(Host(dns=DnsName(other_family=answer)),),
        witness=other_family_failed,
        avoidable_because=_UNASKED,
        attempt=EachAttempt(timeout=timeout),
    )


MODES = (
    _answered(
        "dns_cname_chain",
        "The name of the smart host is an alias of an alias (CNAME) of the name that has the address.",
        Host(dns=DnsName(aliases=2)),
        alias_told,
    ),
    _answered(
        "dns_truncated",
        "The answer does not fit into a datagram (TC); by TCP the name server gives all of it.",
        Host(dns=DnsName(served=Truncated)),
        truncated,
        TCP_AT_ONCE,
    ),
    _answered(
        "dns_slow",
        f"The name server takes {_LATE} s for the smart host's address.",
        Host(dns=DnsName(served=partial(Delayed, _LATE))),
        delayed,
    ),
    _answered(
        "dns_forged_first",
        "In front of the smart host's address comes a datagram that denies it, and bears another identifier than the "
        "question.",
        Host(dns=DnsName(served=ForgedFirst)),
        forged_first,
        TCP_AT_ONCE,
    ),
    _answered(
        "dns_forged_elsewhere",
        "In front of the smart host's address comes a datagram that denies it, under the right identifier, from "
        "another port than the one that was asked.",
        Host(dns=DnsName(served=ForgedElsewhere)),
        forged_elsewhere,
        TCP_AT_ONCE,
    ),
    _family("servfail", "answers SERVFAIL", ServFail()),
    _family("refused", "answers REFUSED", Refused()),
    _family("nxdomain", "says that the name does not exist (NXDOMAIN)", NxDomain()),
    _family("silent", "never answers", Silence(), timeout=Timeout.DNS),
)
