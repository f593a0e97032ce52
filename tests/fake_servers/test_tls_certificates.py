import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tls_handshake import HOSTNAME, shake_hands, trusting_client, verifying_client

from fake_servers.tls import Certificate, CertificateAuthority

ADDRESS = "127.1.0.5"

MISMATCH = (62, "Hostname mismatch, certificate is not valid for 'mx.sub.a.test'.")

# X509_V_ERR_* of OpenSSL's x509_vfy.h, and what a client says; None: the certificate is good.
VERIFY_ERRORS = {
    Certificate.GOOD: None,
    Certificate.WILDCARD: None,
    Certificate.SEVERAL_NAMES: None,
    Certificate.CAPITALS: None,
    Certificate.CROSS_SIGNED: None,
    Certificate.EXPIRED: (10, "certificate has expired"),
    Certificate.NOT_YET_VALID: (9, "certificate is not yet valid"),
    Certificate.WRONG_NAME: MISMATCH,
    Certificate.PARENT_NAME: MISMATCH,
    Certificate.WILDCARD_TWO_LABELS: MISMATCH,
    Certificate.COMMON_NAME_ONLY: MISMATCH,
    Certificate.IP_ADDRESS: MISMATCH,
    Certificate.CHILD_NAME: MISMATCH,
    Certificate.LONGER_NAME: MISMATCH,
    Certificate.WILDCARD_BELOW: MISMATCH,
    Certificate.EMPTY_LABEL: MISMATCH,
    Certificate.OTHER_COMMON_NAME: MISMATCH,
    Certificate.OTHER_DOMAIN: MISMATCH,
    Certificate.WILDCARD_ELSEWHERE: MISMATCH,
    Certificate.WILDCARD_AMID: MISMATCH,
    Certificate.OTHER_ALTERNATIVE_NAMES: MISMATCH,
    Certificate.SELF_SIGNED: (18, "self-signed certificate"),
    Certificate.UNKNOWN_CA: (20, "unable to get local issuer certificate"),
    Certificate.MISSING_INTERMEDIATE: (20, "unable to get local issuer certificate"),
}
BAD = [kind for kind, error in VERIFY_ERRORS.items() if error]


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.mark.parametrize("kind", Certificate)
def test_a_verifying_client_finds_exactly_the_fault_that_was_made(
    authority: CertificateAuthority, kind: Certificate
) -> None:
    server = authority.server_context(kind, HOSTNAME, address=ADDRESS)
    expected = VERIFY_ERRORS[kind]
    if expected is None:
        assert shake_hands(verifying_client(authority), server).version() == "TLSv1.3"
        return
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        shake_hands(verifying_client(authority), server)
    assert (
        caught.value.verify_code,
        caught.value.verify_message.replace("self signed", "self-signed"),
    ) == expected


@pytest.mark.parametrize("kind", BAD)
def test_a_client_that_wants_any_certificate_gets_through(
    authority: CertificateAuthority, kind: Certificate
) -> None:
    assert (
        shake_hands(trusting_client(), authority.server_context(kind, HOSTNAME, address=ADDRESS)).version()
        == "TLSv1.3"
    )


@pytest.mark.parametrize("kind", BAD)
def test_the_fault_is_the_only_one(authority: CertificateAuthority, kind: Certificate) -> None:
    """Whatever is not wrong on purpose is right: the name, the dates, the key."""
    certificate = x509.load_pem_x509_certificate(
        pem_part(authority.pem(kind, HOSTNAME, address=ADDRESS), "CERTIFICATE")
    )
    [common_name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = {
        Certificate.WRONG_NAME: "wrong-name.invalid",
        Certificate.PARENT_NAME: "sub.a.test",
        Certificate.WILDCARD_TWO_LABELS: "*.a.test",
        Certificate.IP_ADDRESS: ADDRESS,
        Certificate.CHILD_NAME: f"alias1.{HOSTNAME}",
        Certificate.LONGER_NAME: f"other-{HOSTNAME}",
        Certificate.WILDCARD_BELOW: f"*.{HOSTNAME}",
        Certificate.EMPTY_LABEL: ".sub.a.test",
        Certificate.OTHER_COMMON_NAME: "wrong-name.invalid",
        Certificate.OTHER_DOMAIN: "mx.other-sub.a.test",
        Certificate.WILDCARD_ELSEWHERE: "*.other-sub.a.test",
        Certificate.WILDCARD_AMID: "mx.*.a.test",
    }.get(kind, HOSTNAME)
    assert common_name.value == name
    if kind in (Certificate.COMMON_NAME_ONLY, Certificate.OTHER_COMMON_NAME):
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    else:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        [identity] = san
        other = "wrong-name.invalid" if kind == Certificate.OTHER_ALTERNATIVE_NAMES else name
        assert str(identity.value) == other
        assert isinstance(identity, x509.IPAddress if kind == Certificate.IP_ADDRESS else x509.DNSName)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    good = x509.load_pem_x509_certificate(pem_part(authority.pem(Certificate.GOOD, HOSTNAME), "CERTIFICATE"))
    assert (certificate.issuer == good.issuer) == (
        kind not in (Certificate.SELF_SIGNED, Certificate.UNKNOWN_CA, Certificate.MISSING_INTERMEDIATE)
    )
    assert (certificate.issuer == certificate.subject) == (kind == Certificate.SELF_SIGNED)


def test_capitals_are_kept(authority: CertificateAuthority) -> None:
    pem = authority.pem(Certificate.CAPITALS, HOSTNAME)
    certificate = x509.load_pem_x509_certificate(pem_part(pem, "CERTIFICATE"))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [HOSTNAME.upper()]


def test_the_second_way_up_leads_to_a_root_that_has_expired(authority: CertificateAuthority) -> None:
    pem = authority.pem(Certificate.CROSS_SIGNED, HOSTNAME)
    leaf, crossed, old_root = x509.load_pem_x509_certificates(pem_part(pem, "CERTIFICATE"))
    [anchor] = x509.load_pem_x509_certificates(authority.trust_anchors())
    for link, issuer in ((leaf, crossed), (crossed, old_root), (leaf, anchor)):
        link.verify_directly_issued_by(issuer)
    assert crossed.public_key() == anchor.public_key()
    assert old_root.not_valid_after_utc < datetime.now(UTC) < crossed.not_valid_after_utc


def test_who_trusts_the_expired_root_alone_is_refused(authority: CertificateAuthority) -> None:
    pem = authority.pem(Certificate.CROSS_SIGNED, HOSTNAME)
    *_, old_root = x509.load_pem_x509_certificates(pem_part(pem, "CERTIFICATE"))
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(cadata=old_root.public_bytes(serialization.Encoding.PEM).decode())
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        shake_hands(client, authority.server_context(Certificate.CROSS_SIGNED, HOSTNAME))


def pem_part(pem: bytes, label: str) -> bytes:
    return pem[pem.index(f"-----BEGIN {label}".encode()) :]


def test_a_missing_intermediate_is_mended_by_the_client_that_has_it(authority: CertificateAuthority) -> None:
    client = verifying_client(authority)
    client.load_verify_locations(cadata=authority._intermediate.cert_pem.bytes().decode())
    server = authority.server_context(Certificate.MISSING_INTERMEDIATE, HOSTNAME)
    assert shake_hands(client, server).version() == "TLSv1.3"


@pytest.mark.parametrize("hostname", ["sub.mx.a.test", "a.test"])
def test_a_wildcard_covers_one_label(authority: CertificateAuthority, hostname: str) -> None:
    server = authority.server_context(Certificate.WILDCARD, "mx.a.test")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(verifying_client(authority), server, hostname)
    assert shake_hands(verifying_client(authority), server, "other.a.test").version()


@pytest.mark.parametrize("hostname", ["localhost", "a.test", "a.test."])
def test_a_wildcard_for_a_top_level_domain_is_rejected(
    authority: CertificateAuthority, hostname: str
) -> None:
    with pytest.raises(ValueError, match="wildcard"):
        authority.server_context(Certificate.WILDCARD, hostname)


def test_a_wildcard_two_labels_away_is_good_for_others(authority: CertificateAuthority) -> None:
    server = authority.server_context(Certificate.WILDCARD_TWO_LABELS, HOSTNAME)
    assert shake_hands(verifying_client(authority), server, "sub.a.test").version()


@pytest.mark.parametrize("hostname", ["a.test", "mx.a.test", "mx.a.test."])
def test_a_wildcard_two_labels_away_needs_four(authority: CertificateAuthority, hostname: str) -> None:
    with pytest.raises(ValueError, match="wildcard"):
        authority.server_context(Certificate.WILDCARD_TWO_LABELS, hostname)


def test_a_client_that_looks_at_the_common_name_takes_it(authority: CertificateAuthority) -> None:
    client = verifying_client(authority)
    client.hostname_checks_common_name = True
    assert shake_hands(client, authority.server_context(Certificate.COMMON_NAME_ONLY, HOSTNAME)).version()
    with pytest.raises(ValueError, match="longer than"):
        authority.server_context(Certificate.COMMON_NAME_ONLY, f"{'name' * 15}.a.test")


@pytest.mark.parametrize("address", [ADDRESS, "fd00::1:2"])
def test_a_certificate_for_an_address_is_good_for_that_alone(
    authority: CertificateAuthority, address: str
) -> None:
    for server in (
        authority.server_context(Certificate.IP_ADDRESS, HOSTNAME, address=address),
        authority.server_context(Certificate.IP_ADDRESS, address),
    ):
        assert shake_hands(verifying_client(authority), server, address).version()
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            shake_hands(verifying_client(authority), server, "127.1.0.6")
        lenient = verifying_client(authority)
        lenient.hostname_checks_common_name = True
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            shake_hands(lenient, server)


def test_a_certificate_for_an_address_needs_one(authority: CertificateAuthority) -> None:
    with pytest.raises(ValueError, match=r"not 'mx\.sub\.a\.test'"):
        authority.server_context(Certificate.IP_ADDRESS, HOSTNAME)
    with pytest.raises(ValueError, match="not 'localhost'"):
        authority.pem(Certificate.IP_ADDRESS, HOSTNAME, address="localhost")


@pytest.mark.parametrize("hostname", ["127.1.0.5", "::1", f"{'long' * 15}.{'name' * 15}.a.test"])
def test_addresses_and_long_names_are_certified_too(authority: CertificateAuthority, hostname: str) -> None:
    server = authority.server_context(Certificate.GOOD, hostname)
    assert shake_hands(verifying_client(authority), server, hostname).version()
    client = verifying_client(authority)
    client.load_verify_locations(
        cadata=pem_part(authority.pem(Certificate.SELF_SIGNED, hostname), "CERTIFICATE").decode()
    )
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.verify_flags &= ~ssl.VERIFY_X509_STRICT
    assert shake_hands(
        client, authority.server_context(Certificate.SELF_SIGNED, hostname), hostname
    ).version()


def test_a_session_is_never_resumed_without_the_certificate(authority: CertificateAuthority) -> None:
    finished = shake_hands(verifying_client(authority), authority.server_context(Certificate.GOOD, HOSTNAME))
    assert finished.session is None or not finished.session.has_ticket


def test_contexts_are_made_once(authority: CertificateAuthority) -> None:
    first = authority.server_context(Certificate.GOOD, HOSTNAME)
    assert authority.server_context(Certificate.GOOD, HOSTNAME) is first
    assert authority.server_context(Certificate.GOOD, HOSTNAME, address=ADDRESS) is first
    assert authority.server_context(Certificate.GOOD, "other.a.test") is not first
    assert authority.server_context(Certificate.GOOD, HOSTNAME, newest=ssl.TLSVersion.TLSv1_2) is not first


def test_two_worlds_do_not_trust_each_other(authority: CertificateAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shake_hands(
            verifying_client(CertificateAuthority()), authority.server_context(Certificate.GOOD, HOSTNAME)
        )


def test_every_anchor_makes_the_unknown_authority_known_and_excuses_nothing_else(
    authority: CertificateAuthority,
) -> None:
    client = ssl.create_default_context(cadata=authority.every_anchor().decode())
    for kind in (Certificate.GOOD, Certificate.UNKNOWN_CA):
        assert shake_hands(client, authority.server_context(kind, HOSTNAME)).version() == "TLSv1.3"
    for kind in (Certificate.SELF_SIGNED, Certificate.EXPIRED, Certificate.WRONG_NAME):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(client, authority.server_context(kind, HOSTNAME))
