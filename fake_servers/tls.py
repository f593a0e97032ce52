"""The certificate authority of a fake world, and every good and bad certificate."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from enum import StrEnum
from typing import Final

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

WRONG_NAME: Final = "wrong-name.invalid"

_DAY: Final = datetime.timedelta(days=1)
_COMMON_NAME_LIMIT: Final = 64  # ub-common-name, RFC 5280 appendix A.1


class Certificate(StrEnum):
    """What is right or wrong with a server's certificate."""

    GOOD = "good"
    EXPIRED = "expired"  # ended a day ago
    NOT_YET_VALID = "not_yet_valid"  # begins in ten years, so that no clock moved by a few days reaches it
    WRONG_NAME = "wrong_name"  # in order, but for another host
    SELF_SIGNED = "self_signed"  # right name, its own issuer
    UNKNOWN_CA = "unknown_ca"  # right name, issued by an authority that nobody trusts
    WILDCARD = "wildcard"  # `*.` and the parent of the host name (RFC 9525 section 6.3): good
    MISSING_INTERMEDIATE = "missing_intermediate"  # issued by an authority whose certificate is not sent


class CertificateAuthority:
    """One trusted root, and whatever it (or somebody else) issues.

    All keys are ECDSA P-256. Contexts are made once for each kind and host name. Session tickets are off, so
    that with TLS 1.3 each connection presents the certificate anew.

    Example::

        authority = CertificateAuthority()
        Path("ca.pem").write_bytes(authority.trust_anchors())
        context = authority.server_context(Certificate.EXPIRED, "mx.a.test")
    """

    def __init__(self) -> None:
        self._root = trustme.CA()
        self._intermediate = self._root.create_child_ca()
        self._unknown = trustme.CA()
        self._made_at = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        self._pems: dict[tuple[Certificate, str], bytes] = {}
        self._contexts: dict[tuple[Certificate, str], ssl.SSLContext] = {}

    def trust_anchors(self) -> bytes:
        """Return the certificate of the root, PEM."""
        return self._root.cert_pem.bytes()

    def every_anchor(self) -> bytes:
        """Return the same with the root that issues `Certificate.UNKNOWN_CA`, which is known then, PEM."""
        return self._root.cert_pem.bytes() + self._unknown.cert_pem.bytes()

    def server_context(self, kind: Certificate, hostname: str) -> ssl.SSLContext:
        """Return a context for a server, TLS 1.2 or later, that presents such a certificate.

        Args:
            kind: What is right or wrong with it.
            hostname: The name (or IP address) of the server as clients know it.

        Raises:
            ValueError: For a wildcard, if the name has fewer than three labels.
        """
        key = (kind, hostname)
        if key not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
            # The ssl module reads certificates from files only.
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:
                file.write(self.pem(kind, hostname))
                file.flush()
                context.load_cert_chain(file.name)
            self._contexts[key] = context
        return self._contexts[key]

    def pem(self, kind: Certificate, hostname: str) -> bytes:
        """Return the private key and the chain that the server sends, for a server of one's own.

        Raises:
            ValueError: As `server_context`.
        """
        key = (kind, hostname)
        if key not in self._pems:
            self._pems[key] = self._issue(kind, hostname)
        return self._pems[key]

    def _issue(self, kind: Certificate, hostname: str) -> bytes:
        now = self._made_at
        match kind:
            case Certificate.GOOD:
                leaf = _leaf(self._root, hostname)
            case Certificate.EXPIRED:
                leaf = _leaf(self._root, hostname, now - 90 * _DAY, now - _DAY)
            case Certificate.NOT_YET_VALID:
                leaf = _leaf(self._root, hostname, now + 3653 * _DAY, now + 4018 * _DAY)
            case Certificate.WRONG_NAME:
                leaf = _leaf(self._root, WRONG_NAME)
            case Certificate.SELF_SIGNED:
                return _self_signed(hostname, now - _DAY, now + 365 * _DAY)
            case Certificate.UNKNOWN_CA:
                leaf = _leaf(self._unknown, hostname)
            case Certificate.WILDCARD:
                leaf = _leaf(self._root, _wildcard(hostname))
            case Certificate.MISSING_INTERMEDIATE:
                leaf = _leaf(self._intermediate, hostname)
                return leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()
        return leaf.private_key_and_cert_chain_pem.bytes()


def _leaf(
    issuer: trustme.CA,
    name: str,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
) -> trustme.LeafCert:
    """Issue a certificate with the name as SAN and as CN, as real ones have it; undated: good for years."""
    common_name = name if len(name) <= _COMMON_NAME_LIMIT else None
    return issuer.issue_cert(name, common_name=common_name, not_before=not_before, not_after=not_after)


def _wildcard(hostname: str) -> str:
    _, _, parent = hostname.partition(".")
    if "." not in parent.rstrip("."):
        raise ValueError(f"{hostname}: a wildcard for a top-level domain matches nothing; use a longer name")
    return f"*.{parent}"


def _identity(hostname: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(hostname))
    except ValueError:
        return x509.DNSName(hostname)


def _self_signed(hostname: str, not_before: datetime.datetime, not_after: datetime.datetime) -> bytes:
    """Return key and certificate of a server that vouches for itself; trustme can issue no such."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:_COMMON_NAME_LIMIT])])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([_identity(hostname)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
