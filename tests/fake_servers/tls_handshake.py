"""TLS between two contexts in memory, for the tests of certificates and versions."""

import ssl

from fake_servers.tls import CertificateAuthority

HOSTNAME = "mx.sub.a.test"


def verifying_client(authority: CertificateAuthority) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.trust_anchors().decode())
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    context.hostname_checks_common_name = False  # RFC 9525 section 2
    return context


def trusting_client() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def shake_hands(
    client: ssl.SSLContext,
    server: ssl.SSLContext,
    hostname: str = HOSTNAME,
    *,
    session: ssl.SSLSession | None = None,
) -> ssl.SSLObject:
    """Return the client's side of a finished handshake, after one more octet from the server.

    A session is offered by a client that has one.

    Raises:
        ssl.SSLCertVerificationError: If the client rejects the certificate.
    """
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=hostname, session=session)
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
