import contextlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fake_servers.tls import Certificate, CertificateAuthority

HOSTNAME = "mx.a.test"

# X509_V_ERR_* of OpenSSL's x509_vfy.h, and what a client says; None: the certificate is good.
VERIFY_ERRORS = {
    Certificate.GOOD: None,
    Certificate.WILDCARD: None,
    Certificate.EXPIRED: (10, "certificate has expired"),
    Certificate.NOT_YET_VALID: (9, "certificate is not yet valid"),
    Certificate.WRONG_NAME: (62, "Hostname mismatch, certificate is not valid for 'mx.a.test'."),
    Certificate.SELF_SIGNED: (18, "self-signed certificate"),
    Certificate.UNKNOWN_CA: (20, "unable to get local issuer certificate"),
    Certificate.MISSING_INTERMEDIATE: (20, "unable to get local issuer certificate"),
}
BAD = [kind for kind, error in VERIFY_ERRORS.items() if error]


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


def verifying_client(authority: CertificateAuthority) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.trust_anchors().decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    return context


def trusting_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, hostname: str = HOSTNAME) -> ssl.SSLObject:
    """Return the client's side of a finished handshake, after one more octet from the server.

    Raises:
        ssl.SSLCertVerificationError: If the client rejects the certificate.
    """
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=hostname)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [ours, theirs]
    for _ in range(10):
        for side in tuple(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
        if not waiting:
            break
    assert not waiting, "the handshake makes no progress"
    theirs.write(b"!")
    assert ours.read(1) == b"!"  # session tickets, if any, have come by now
    return ours


@pytest.mark.parametrize("kind", Certificate)
def test_a_verifying_client_finds_exactly_the_fault_that_was_made(
    authority: CertificateAuthority, kind: Certificate
) -> None:
    server = authority.server_context(kind, HOSTNAME)
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
    assert shake_hands(trusting_client(), authority.server_context(kind, HOSTNAME)).version() == "TLSv1.3"


@pytest.mark.parametrize("kind", BAD)
def test_the_fault_is_the_only_one(authority: CertificateAuthority, kind: Certificate) -> None:
    """Whatever is not wrong on purpose is right: the name, the dates, the key."""
    certificate = x509.load_pem_x509_certificate(pem_part(authority.pem(kind, HOSTNAME), "CERTIFICATE"))
    san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    [common_name] = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = "wrong-name.invalid" if kind == Certificate.WRONG_NAME else HOSTNAME
    assert (san.get_values_for_type(x509.DNSName), common_name.value) == ([name], name)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    good = x509.load_pem_x509_certificate(pem_part(authority.pem(Certificate.GOOD, HOSTNAME), "CERTIFICATE"))
    assert (certificate.issuer == good.issuer) == (
        kind in (Certificate.EXPIRED, Certificate.NOT_YET_VALID, Certificate.WRONG_NAME)
    )
    assert (certificate.issuer == certificate.subject) == (kind == Certificate.SELF_SIGNED)


def pem_part(pem: bytes, label: str) -> bytes:
    return pem[pem.index(f"-----BEGIN {label}".encode()) :]


def test_a_missing_intermediate_is_mended_by_the_client_that_has_it(authority: CertificateAuthority) -> None:
    client = verifying_client(authority)
    client.load_verify_locations(cadata=authority._intermediate.cert_pem.bytes().decode())
    server = authority.server_context(Certificate.MISSING_INTERMEDIATE, HOSTNAME)
    assert shake_hands(client, server).version() == "TLSv1.3"


@pytest.mark.parametrize("hostname", ["sub.mx.a.test", "a.test"])
def test_a_wildcard_covers_one_label(authority: CertificateAuthority, hostname: str) -> None:
    server = authority.server_context(Certificate.WILDCARD, HOSTNAME)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(verifying_client(authority), server, hostname)
    assert shake_hands(verifying_client(authority), server, "other.a.test").version()


@pytest.mark.parametrize("hostname", ["localhost", "a.test", "a.test."])
def test_a_wildcard_for_a_top_level_domain_is_rejected(
    authority: CertificateAuthority, hostname: str
) -> None:
    with pytest.raises(ValueError, match="wildcard"):
        authority.server_context(Certificate.WILDCARD, hostname)


@pytest.mark.parametrize("hostname", ["127.1.0.5", f"{'long' * 15}.{'name' * 15}.a.test"])
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


@pytest.mark.parametrize(
    ("version", "accepted"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)]
)
def test_nothing_older_than_tls_1_2_is_spoken(
    authority: CertificateAuthority, version: ssl.TLSVersion, accepted: bool
) -> None:
    client = trusting_client()
    client.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1") if not accepted else contextlib.nullcontext():
        client.minimum_version = client.maximum_version = version
    server = authority.server_context(Certificate.GOOD, HOSTNAME)
    if accepted:
        assert shake_hands(client, server).version() == "TLSv1.2"
    else:
        with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
            shake_hands(client, server)


def test_a_session_is_never_resumed_without_the_certificate(authority: CertificateAuthority) -> None:
    finished = shake_hands(verifying_client(authority), authority.server_context(Certificate.GOOD, HOSTNAME))
    assert finished.session is None or not finished.session.has_ticket


def test_contexts_are_made_once(authority: CertificateAuthority) -> None:
    first = authority.server_context(Certificate.GOOD, HOSTNAME)
    assert authority.server_context(Certificate.GOOD, HOSTNAME) is first
    assert authority.server_context(Certificate.GOOD, "other.a.test") is not first


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
