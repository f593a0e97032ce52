"""What both kinds of connection note of TLS, and how they end it."""

from __future__ import annotations

import ssl

import pytest
import trustme
from smtp_client import Client, Start, kinds, noted, tls_context

from fake_servers.events import TcpClosed, TlsEstablished, TlsFailed, TlsOffered
from fake_servers.journal import Journal
from fake_servers.smtp import Script, Stage
from fake_servers.tls import Certificate, CertificateAuthority


async def test_tls_events_of_a_client_that_accepts(start: Start, journal: Journal, script: Script) -> None:
    server = await start(script, tls=tls_context())
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO_TLS)
        assert b"STARTTLS" not in await client.reply()
        assert (await client.ask(b"STARTTLS\r\n")).startswith(b"503")
    assert kinds(journal, "tls") == ["offered", "established"]
    offered, established = (event for event in journal if event.layer == "tls")
    assert offered.certificate == "good"
    assert established.version.startswith("TLSv1.")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_tls_events_of_a_client_that_does_not_trust_us(
    start: Start, journal: Journal, script: Script, version: ssl.TLSVersion
) -> None:
    server = await start(script, tls=tls_context())
    context = ssl.create_default_context()
    context.maximum_version = version
    async with Client(server.address) as client:
        await client.walk_to(Stage.STARTTLS)
        await client.reply()
        await client.hello_tls(context=context)
        with pytest.raises(ssl.SSLCertVerificationError):
            await client.finish_tls()
    await noted(journal, TcpClosed)
    assert kinds(journal, "tls") == ["offered", "failed"]
    assert "alert unknown ca" in str([event.error for event in journal.of(TlsFailed)])


@pytest.mark.parametrize("floor", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MINIMUM_SUPPORTED])
async def test_tls_events_of_a_server_that_is_too_old(
    start: Start, journal: Journal, script: Script, floor: ssl.TLSVersion
) -> None:
    old = CertificateAuthority().server_context(Certificate.GOOD, "mx.test", newest=ssl.TLSVersion.TLSv1_1)
    server = await start(script, tls=old)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = floor
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    async with Client(server.address) as client:
        await client.walk_to(Stage.STARTTLS)
        await client.reply()
        await client.hello_tls(context=context)
        if floor == ssl.TLSVersion.TLSv1_2:
            with pytest.raises(ssl.SSLError, match="PROTOCOL"):
                await client.finish_tls()
        else:
            assert (await client.finish_tls()).version() == "TLSv1.1"
            assert (await client.ask(b"EHLO c\r\n")).startswith(b"250")
    await noted(journal, TcpClosed)
    refused = floor == ssl.TLSVersion.TLSv1_2
    assert kinds(journal, "tls") == (["failed"] if refused else ["offered", "established"])


async def test_a_client_that_leaves_amid_the_handshake(
    start: Start, journal: Journal, script: Script
) -> None:
    server = await start(script, tls=tls_context())
    async with Client(server.address) as client:
        await client.walk_to(Stage.HANDSHAKE)
        await noted(journal, TlsOffered)
    [end] = await noted(journal, TcpClosed)
    assert end.by == "peer"
    assert kinds(journal, "tls") == ["offered", "failed"]


@pytest.mark.parametrize(
    ("version", "resumed"), [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, False)]
)
async def test_a_resumed_session_presents_no_certificate(
    start: Start, journal: Journal, script: Script, version: ssl.TLSVersion, resumed: bool
) -> None:
    server = await start(script, tls=tls_context())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = version
    session = None
    for expected in (False, resumed):
        async with Client(server.address) as client:
            await client.walk_to(Stage.STARTTLS)
            await client.reply()
            await client.hello_tls(session, context)
            tls = await client.finish_tls()
            assert tls.session_reused is expected
            # OpenSSL forgets a session whose connection ended without close_notify.
            assert (await client.ask(b"QUIT\r\n")).startswith(b"221")
            session = tls.session
    assert len(list(journal.of(TlsOffered))) == (1 if resumed else 2)
    assert len(await noted(journal, TlsEstablished, 2)) == 2


async def test_a_hello_retry_request_presents_no_certificate(
    start: Start, journal: Journal, script: Script
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("mx.test").configure_cert(context)
    context.set_ecdh_curve("secp384r1")  # not the group for which clients send a key share
    server = await start(script, tls=context)
    async with Client(server.address) as client:
        await client.walk_to(Stage.HANDSHAKE)
        await client.finish_tls()
        await noted(journal, TlsEstablished)
    assert kinds(journal, "tls") == ["offered", "established"]


async def test_quit_under_tls_says_close_notify(start: Start, script: Script) -> None:
    server = await start(script, tls=tls_context())
    async with Client(server.address) as client:
        await client.walk_to(Stage.EHLO_TLS)
        await client.reply()
        assert (await client.ask(b"QUIT\r\n")).startswith(b"221")
        assert await client.everything() == (b"", "fin")
        assert client.notified
