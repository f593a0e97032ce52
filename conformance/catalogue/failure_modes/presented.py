"""Every certificate that a server may present, and which of a connector's TLS rules it meets."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.target import TlsPolicy
from fake_servers import Certificate

_CHAIN = ("untrusted", "nottrusted", "trust", "chain", "issuer", "unknownca", "verif")
NAME_WORDS = ("mismatch", "subject", "name", "hostname", "notverified", "match")


@dataclass(frozen=True, kw_only=True)
class Presented:
    """One row of the TLS ladder.

    Attributes:
        certificate: What is presented.
        what: The same in words, after "presents".
        chained: Whether a chain leads to a trust anchor, all of it in date.
        named: Whether it bears the name of the host by RFC 9525.
        explained_by: Words that explain why it did not pass.
    """

    certificate: Certificate
    what: str
    chained: bool = True
    named: bool = True
    explained_by: tuple[str, ...] = ()

    def passes(self, policy: TlsPolicy) -> bool:
        """Tell whether it meets a connector's rule."""
        match policy:
            case TlsPolicy.CERTIFICATE_VALIDATION:
                return self.chained
            case TlsPolicy.DOMAIN_VALIDATION:
                return self.chained and self.named
        return True


CERTIFICATES = (
    Presented(certificate=Certificate.GOOD, what="a valid certificate"),
    Presented(
        certificate=Certificate.EXPIRED,
        what="a certificate that has expired",
        chained=False,
        explained_by=("expired",),
    ),
    Presented(
        certificate=Certificate.NOT_YET_VALID,
        what="a certificate that becomes valid in ten years",
        chained=False,
        explained_by=("notyetvalid", "notvalid", "validity", "nolongervalid"),
    ),
    Presented(
        certificate=Certificate.WRONG_NAME,
        what="a valid certificate for another name",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.PARENT_NAME,
        what="a valid certificate for the domain in which its name lies",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.SELF_SIGNED,
        what="a self-signed certificate",
        chained=False,
        explained_by=("selfsigned", *_CHAIN),
    ),
    Presented(
        certificate=Certificate.UNKNOWN_CA,
        what="a certificate of an authority that is not trusted",
        chained=False,
        explained_by=_CHAIN,
    ),
    Presented(
        certificate=Certificate.MISSING_INTERMEDIATE,
        what="a certificate without that of the intermediate authority that issued it",
        chained=False,
        explained_by=_CHAIN,
    ),
    Presented(
        certificate=Certificate.WILDCARD,
        what="a valid certificate with a wildcard for the first label of its name",
    ),
    Presented(
        certificate=Certificate.WILDCARD_TWO_LABELS,
        what="a certificate whose wildcard would have to stand for two labels",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.COMMON_NAME_ONLY,
        what="a certificate with the right common name and no subject alternative name",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.IP_ADDRESS,
        what="a certificate for its IP address and not for its name",
        named=False,
        explained_by=NAME_WORDS,
    ),
)

# Those that differ from the ones above by the name alone, or by the chain: only a rule that asks for both tells.
IDENTITIES = (
    Presented(
        certificate=Certificate.CHILD_NAME,
        what="a valid certificate for a name below its own",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.LONGER_NAME,
        what="a valid certificate for a longer name, of which its own is the end, but not at a dot",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.WILDCARD_BELOW,
        what="a valid certificate with a wildcard for the names below its own",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.EMPTY_LABEL,
        what="a certificate that has its name with nothing before the first dot",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.OTHER_COMMON_NAME,
        what="a certificate without subject alternative names, with the common name of another host",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.OTHER_DOMAIN,
        what="a valid certificate for a host of another domain, of the same first label",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.WILDCARD_ELSEWHERE,
        what="a valid certificate with a wildcard for the hosts of another domain",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.WILDCARD_AMID,
        what="a certificate with a wildcard for the second label of its name",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.OTHER_ALTERNATIVE_NAMES,
        what="a certificate with its own name as common name, whose subject alternative names are another host's "
        "(RFC 6125 section 6.4.4)",
        named=False,
        explained_by=NAME_WORDS,
    ),
    Presented(
        certificate=Certificate.SEVERAL_NAMES,
        what="a valid certificate for several names, of which its own is the last",
    ),
    Presented(certificate=Certificate.CAPITALS, what="a valid certificate for its name in capitals"),
    Presented(
        certificate=Certificate.CROSS_SIGNED,
        what="a valid certificate, and with it a second way up, to a root that has expired",
    ),
)
