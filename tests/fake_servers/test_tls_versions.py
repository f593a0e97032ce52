"""The versions of TLS that a server speaks, and that nobody is warned of what was asked for."""

from __future__ import annotations

import ssl

import pytest
from tls_handshake import HOSTNAME, shake_hands, trusting_client

from fake_servers.tls import Certificate, CertificateAuthority

OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
NAMES = {
    ssl.TLSVersion.TLSv1: "TLSv1",
    ssl.TLSVersion.TLSv1_1: "TLSv1.1",
    ssl.TLSVersion.TLSv1_2: "TLSv1.2",
    ssl.TLSVersion.TLSv1_3: "TLSv1.3",
}


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


def old_fashioned_client(newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED) -> ssl.SSLContext:
    """Return a client that speaks everything up to a version, be it ever so old."""
    client = trusting_client()
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    if newest in OLD:
        with pytest.warns(DeprecationWarning, match=newest.name):
            client.maximum_version = newest
    else:
        client.maximum_version = newest
    return client


def modern_client() -> ssl.SSLContext:
    client = trusting_client()
    client.minimum_version = ssl.TLSVersion.TLSv1_2
    return client


@pytest.mark.parametrize("newest", NAMES)
def test_a_server_speaks_no_newer_version_than_it_was_told(
    authority: CertificateAuthority, newest: ssl.TLSVersion
) -> None:
    server = authority.server_context(Certificate.GOOD, HOSTNAME, newest=newest)
    assert shake_hands(old_fashioned_client(), server).version() == NAMES[newest]


@pytest.mark.parametrize("newest", OLD)
def test_a_client_with_a_floor_of_tls_1_2_fails_below_it(
    authority: CertificateAuthority, newest: ssl.TLSVersion
) -> None:
    server = authority.server_context(Certificate.GOOD, HOSTNAME, newest=newest)
    with pytest.raises(ssl.SSLError, match=r"UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION"):
        shake_hands(modern_client(), server)


@pytest.mark.parametrize("newest", [None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("version", OLD)
def test_nothing_older_than_tls_1_2_is_spoken_unless_asked_for(
    authority: CertificateAuthority, newest: ssl.TLSVersion | None, version: ssl.TLSVersion
) -> None:
    server = authority.server_context(Certificate.GOOD, HOSTNAME, newest=newest)
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        shake_hands(old_fashioned_client(version), server)
    assert shake_hands(old_fashioned_client(ssl.TLSVersion.TLSv1_2), server).version() == "TLSv1.2"


def test_an_old_server_still_presents_what_it_was_told(authority: CertificateAuthority) -> None:
    server = authority.server_context(Certificate.WRONG_NAME, HOSTNAME, newest=ssl.TLSVersion.TLSv1_1)
    client = old_fashioned_client()
    client.load_verify_locations(cadata=authority.trust_anchors().decode())
    client.verify_mode = ssl.CERT_REQUIRED
    client.check_hostname = True
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake_hands(client, server)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.SSLv3, ssl.TLSVersion.MAXIMUM_SUPPORTED])
def test_what_is_no_version_of_tls_is_refused(
    authority: CertificateAuthority, newest: ssl.TLSVersion
) -> None:
    with pytest.raises(ValueError, match="TLSv1_1"):
        authority.server_context(Certificate.GOOD, HOSTNAME, newest=newest)


def test_the_newest_version_alone(authority: CertificateAuthority) -> None:
    server = authority.server_context(Certificate.GOOD, HOSTNAME, oldest=ssl.TLSVersion.TLSv1_3)
    assert shake_hands(trusting_client(), server).version() == "TLSv1.3"
    old = trusting_client()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        shake_hands(old, server)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, None])
def test_a_client_needs_no_certificate_where_one_is_asked_for(
    authority: CertificateAuthority, newest: ssl.TLSVersion | None
) -> None:
    asked: list[str] = []

    def heed(_: object, direction: str, __: object, ___: object, kind: object, ____: object) -> None:
        if direction == "read":
            asked.append(getattr(kind, "name", ""))

    client = trusting_client()
    client._msg_callback = heed  # type: ignore[attr-defined]
    server = authority.server_context(Certificate.GOOD, HOSTNAME, newest=newest, asks_client=True)
    assert shake_hands(client, server).version()
    assert "CERTIFICATE_REQUEST" in asked
