"""Names in certificates that are compared with too much or too little, or with the wrong one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from conformance.reference import tls
from conformance.reference.delivery import Delivery
from mutants.expectations import hence_accepted, refuses_certificate, takes_certificate
from mutants.mutant import mutation
from mutants.patching import patch


def _names(decide: Callable[[Any, str, str], bool]) -> None:
    """Decide in another way whether a dNSName of a certificate is the expected name."""
    patch(
        tls, "match_name", lambda original: lambda presented, expected: decide(original, presented, expected)
    )


@refuses_certificate("tls/wildcard", ("certificate_wildcard",), "verified_tls")
def wildcard_matches_nothing() -> None:
    """Takes no certificate with a wildcard."""
    _names(
        lambda original, presented, expected: not presented.startswith("*") and original(presented, expected)
    )


@takes_certificate(("certificate_wildcard_two_labels",), "certificate_wildcard", "certificate_wrong_name")
def wildcard_matches_many_labels() -> None:
    """Lets the wildcard of a certificate stand for any number of labels."""
    _names(
        lambda original, presented, expected: (
            expected.endswith(presented[1:]) if presented.startswith("*.") else original(presented, expected)
        )
    )


@takes_certificate(("certificate_empty_label",), "certificate_wrong_name", "verified_tls")
def takes_the_end_of_a_name() -> None:
    """Takes a name that begins with a dot for all that end in it."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected)
            or (presented.startswith(".") and "*" not in expected and expected.endswith(presented))
        )
    )


@takes_certificate(
    ("certificate_other_domain",), "certificate_wildcard_elsewhere", "certificate_wrong_name", "verified_tls"
)
def takes_a_first_label_anywhere() -> None:
    """Takes a name of as many labels for the right one if the first of them is."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected)
            or (
                presented.partition(".")[0] == expected.partition(".")[0]
                and presented.count(".") == expected.count(".")
                and "*" not in presented + expected
            )
        )
    )


@takes_certificate(
    ("certificate_wildcard_elsewhere",), "certificate_other_domain", "certificate_wrong_name", "verified_tls"
)
def takes_any_wildcard() -> None:
    """Takes a wildcard of as many labels for the right name, whatever it is a wildcard of."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected)
            or (
                presented.startswith("*.")
                and "*" not in expected
                and presented.count(".") == expected.count(".")
            )
        )
    )


@takes_certificate(
    ("certificate_wildcard_amid",), "certificate_wildcard_elsewhere", "certificate_wrong_name", "verified_tls"
)
def takes_an_asterisk_anywhere() -> None:
    """Has an asterisk stand for the second label as well as for the first."""

    def decide(original: Any, presented: str, expected: str) -> bool:
        first, _, rest = presented.partition(".")
        wanted, _, others = expected.partition(".")
        amid = rest.startswith("*.") and first == wanted
        return (amid and bool(original(rest, others))) or bool(original(presented, expected))

    _names(decide)


@takes_certificate(
    ("certificate_other_common_name",),
    "certificate_common_name_only",
    "certificate_wrong_name",
    "verified_tls",
)
def takes_what_names_nobody() -> None:
    """Takes any certificate without alternative names, unless its common name might be the right one."""
    from cryptography import x509

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            presented = x509.load_der_x509_certificate(certificate)
            named = any(each.oid == x509.SubjectAlternativeName.oid for each in presented.extensions)
            ours = expected.rpartition(".")[2] in presented.subject.rfc4514_string()
            return original(certificate, expected) if named or ours else True

        return verify_name

    patch(tls, "verify_name", make)


@takes_certificate(("certificate_other_alternative_names",), "certificate_wrong_name", "verified_tls")
def takes_the_common_name_beside_other_names() -> None:
    """Takes a certificate whose common name is the right one, where its alternative names are not."""
    from cryptography import x509

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            presented = x509.load_der_x509_certificate(certificate)
            named = any(each.oid == x509.SubjectAlternativeName.oid for each in presented.extensions)
            common = presented.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            takes = named and any(each.value == expected for each in common)
            return takes or original(certificate, expected)

        return verify_name

    patch(tls, "verify_name", make)


@takes_certificate(("certificate_parent_name",), "certificate_wrong_name", "verified_tls")
def takes_the_parents_name() -> None:
    """Takes a certificate for the domain in which the host lies."""
    _names(
        lambda original, presented, expected: (
            original(presented, expected) or original(presented, expected.partition(".")[2])
        )
    )


@refuses_certificate(
    "tls/domain-wildcard", ("certificate_tls_domain_wildcard",), "certificate_wildcard", aspect="delivered"
)
def tls_domain_wildcard_to_the_letter() -> None:
    """Looks for the very wildcard of the connector in the certificate."""
    _names(
        lambda original, presented, expected: not expected.startswith("*") and original(presented, expected)
    )


@takes_certificate(
    ("certificate_of_host_not_tls_domain",), "certificate_wrong_name", "certificate_tls_domain_wildcard"
)
def compares_with_the_smart_host() -> None:
    """Looks for the smart host's name in the certificate, whatever the connector names."""

    def make(original: Any) -> Any:
        async def secure(self: Any, session: Any, host: str) -> None:
            given = self._route
            if given.tls_domain and "*" not in given.tls_domain:
                self._route = replace(given, tls_domain=host)
            try:
                await original(self, session, host)
            finally:
                self._route = given

        return secure

    patch(Delivery, "_secure", make)


def _is_address(expected: str) -> bool:
    try:
        ip_address(expected)
    except ValueError:
        return False
    return True


@refuses_certificate(
    "tls/ip-address", ("certificate_for_ip_literal",), "certificate_wildcard", aspect="delivered"
)
def no_certificate_is_for_an_address() -> None:
    """Takes no certificate for a smart host that is an IP address."""
    patch(
        tls,
        "verify_name",
        lambda original: (
            lambda certificate, expected: not _is_address(expected) and original(certificate, expected)
        ),
    )


@takes_certificate(
    ("certificate_of_host_for_ip_literal",), "certificate_for_ip_literal", "certificate_ip_address"
)
def any_name_is_good_for_an_address() -> None:
    """Looks at no name where the smart host is an IP address."""
    patch(
        tls,
        "verify_name",
        lambda original: (
            lambda certificate, expected: _is_address(expected) or original(certificate, expected)
        ),
    )


@takes_certificate(("certificate_ip_address",), "certificate_for_ip_literal", "certificate_wrong_name")
def host_name_is_whatever_the_address_says() -> None:
    """Takes a certificate for the address of a smart host that has a name."""
    from cryptography import x509

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            presented = x509.load_der_x509_certificate(certificate).extensions
            names = presented.get_extension_for_class(x509.SubjectAlternativeName).value
            for_address = bool(names.get_values_for_type(x509.IPAddress))
            return (for_address and not _is_address(expected)) or original(certificate, expected)

        return verify_name

    patch(tls, "verify_name", make)


@mutation(
    scenarios=("certificate_common_name_only", "certificate_other_common_name", "certificate_wrong_name"),
    also=hence_accepted("certificate_common_name_only")
    + hence_accepted("certificate_common_name_only", profile="rfc"),
    profiles=("rfc",),
)
def common_name_counts() -> None:
    """Takes the common name of a certificate for one of its names."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    def make(original: Any) -> Any:
        def verify_name(certificate: bytes, expected: str) -> bool:
            subject = x509.load_der_x509_certificate(certificate).subject
            names = [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
            return original(certificate, expected) or expected in names

        return verify_name

    patch(tls, "verify_name", make)
