"""Certificates that trustme cannot issue: self-signed ones, ones without SAN, and a second way up from an authority."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

COMMON_NAME_LIMIT: Final = 64  # ub-common-name, RFC 5280 appendix A.1


def issue(
    common_name: str,
    identities: Sequence[str],
    not_before: datetime.datetime,
    not_after: datetime.datetime,
    *,
    issuer: trustme.CA | None = None,
) -> bytes:
    """Return private key and certificate, PEM.

    Args:
        common_name: The name of the subject, cut at 64 characters.
        identities: Host names and IP addresses for the SAN; none: no SAN at all.
        not_before: Valid from then on.
        not_after: Valid until then.
        issuer: Who vouches for the server; None: itself.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:COMMON_NAME_LIMIT])])
    authority = None if issuer is None else x509.load_pem_x509_certificate(issuer.cert_pem.bytes())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if identities:
        names = x509.SubjectAlternativeName([_identity(text) for text in identities])
        builder = builder.add_extension(names, critical=False)
    if authority is not None:
        identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        pointer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
        builder = builder.add_extension(pointer, critical=False)
    certificate = builder.sign(key if issuer is None else _private_key(issuer), hashes.SHA256())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def cross_signed(root: trustme.CA, ended: datetime.datetime) -> bytes:
    """Return what leads from an authority to another root than itself, PEM: its key, vouched for by that, and that.

    The other root is trusted by nobody any more, and has expired: who follows this way alone comes to nothing.

    Args:
        root: The authority.
        ended: When the other root expired.
    """
    own = x509.load_pem_x509_certificate(root.cert_pem.bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An old root")])
    began = ended - datetime.timedelta(days=3650)
    until = max(own.not_valid_after_utc, ended)
    made = [
        _authority(own.subject, _private_key(root).public_key(), name, key, began, until),
        _authority(name, key.public_key(), name, key, began, ended),
    ]
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in made)


def _authority(
    subject: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    not_before: datetime.datetime,
    not_after: datetime.datetime,
) -> x509.Certificate:
    """Return the certificate of an authority, vouched for by the one that has the private key."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .sign(key, hashes.SHA256())
    )


def _private_key(issuer: trustme.CA) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(issuer.private_key_pem.bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # trustme's default
    return key


def _identity(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
