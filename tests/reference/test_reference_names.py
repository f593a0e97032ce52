"""Certificate names."""

from __future__ import annotations

from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from conformance.reference.tls import match_name, verify_name


@pytest.mark.parametrize(
    ("presented", "expected", "matches"),
    [
        ("mail.a.test", "mail.a.test", True),
        ("MAIL.a.test", "mail.A.test", True),
        ("other.a.test", "mail.a.test", False),
        ("*.a.test", "mail.a.test", True),
        ("*.a.test", "a.test", False),
        ("*.a.test", "x.mail.a.test", False),
        ("m*.a.test", "mail.a.test", False),
        ("mail.*.test", "mail.a.test", False),
        ("*", "test", False),
        ("*.a.test", "*.a.test", True),
        ("mail.a.test", "*.a.test", True),
        ("x.mail.a.test", "*.a.test", False),
        ("a.test", "*.a.test", False),
        ("mail.b.test", "*.a.test", False),
        ("", "mail.a.test", False),
    ],
)
def test_certificate_names(presented: str, expected: str, matches: bool) -> None:
    assert match_name(presented, expected) is matches


LABEL = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(LABEL, LABEL, st.lists(LABEL, min_size=1, max_size=3))
def test_a_wildcard_stands_for_exactly_one_label(first: str, second: str, parent: list[str]) -> None:
    wildcard = ".".join(["*", *parent])
    assert match_name(wildcard, ".".join([first, *parent]))
    assert not match_name(wildcard, ".".join([second, first, *parent]))
    assert not match_name(wildcard, ".".join(parent))


def certificate(common_name: str, *names: x509.GeneralName) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1)
    builder = builder.not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2040, 1, 1))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    from cryptography.hazmat.primitives.serialization import Encoding

    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_common_name_never_counts() -> None:
    assert not verify_name(certificate("mail.a.test"), "mail.a.test")
    assert not verify_name(certificate("mail.a.test", x509.DNSName("b.test")), "mail.a.test")
    assert verify_name(certificate("x", x509.DNSName("mail.a.test")), "mail.a.test")


def test_an_address_needs_an_address_entry() -> None:
    from ipaddress import ip_address

    assert not verify_name(certificate("x", x509.DNSName("10.1.2.3")), "10.1.2.3")
    assert verify_name(certificate("x", x509.IPAddress(ip_address("10.1.2.3"))), "10.1.2.3")
