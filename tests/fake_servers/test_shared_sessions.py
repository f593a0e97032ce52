"""Sessions that one server gives and another takes, whatever certificate it has."""

from __future__ import annotations

import ssl

import pytest
from tls_handshake import HOSTNAME, shake_hands

from fake_servers.tls import Certificate, CertificateAuthority

_VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


def _client(authority: CertificateAuthority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.trust_anchors().decode("ascii"))


@pytest.mark.parametrize("version", _VERSIONS)
def test_the_second_server_resumes_and_presents_nothing(
    authority: CertificateAuthority, version: ssl.TLSVersion
) -> None:
    good, bad = (
        authority.server_context(kind, HOSTNAME, newest=version, oldest=version, sessions="both")
        for kind in (Certificate.GOOD, Certificate.UNKNOWN_CA)
    )
    client = _client(authority)
    first = shake_hands(client, good)
    assert not first.session_reused
    second = shake_hands(client, bad, session=first.session)
    assert second.session_reused
    assert second.getpeercert() == first.getpeercert()
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(client, bad)


@pytest.mark.parametrize("version", _VERSIONS)
def test_another_word_is_another_keeper(authority: CertificateAuthority, version: ssl.TLSVersion) -> None:
    one, other = (
        authority.server_context(Certificate.GOOD, HOSTNAME, newest=version, oldest=version, sessions=word)
        for word in ("one", "other")
    )
    client = _client(authority)
    first = shake_hands(client, one)
    assert not shake_hands(client, other, session=first.session).session_reused


def test_who_shares_nothing_gives_out_no_ticket(authority: CertificateAuthority) -> None:
    server = authority.server_context(Certificate.GOOD, HOSTNAME)
    client = _client(authority)
    first = shake_hands(client, server)
    assert not shake_hands(client, server, session=first.session).session_reused
