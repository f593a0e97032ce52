"""TLS towards the next hop: what each policy demands of a certificate, and why one did not pass.

The chain and the dates are OpenSSL's business, the name is ours: so the two failures cannot be confused, and
a common name never counts (RFC 9525 6.3).
"""

from __future__ import annotations

import ssl
from ipaddress import ip_address

from .config import TlsPolicy

# X509_V_ERR_* of OpenSSL's x509_vfy.h
_NOT_YET_VALID = 9
_HAS_EXPIRED = 10


def client_context(policy: TlsPolicy, trust_anchors: str) -> ssl.SSLContext:
    """Return the settings of one connection.

    Args:
        policy: OPPORTUNISTIC and ENCRYPTION_ONLY take any certificate; the other two verify chain and dates.
        trust_anchors: The only certificate authorities to trust, PEM text.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    if policy.verifies:
        context.load_verify_locations(cadata=trust_anchors)
    else:
        context.verify_mode = ssl.CERT_NONE
    return context


class CertificateWitness:
    """Keeps the certificate that a peer presented, which OpenSSL does not hand out when it fails it.

    It listens to the handshake through the debugging hook of the ssl module; where a Python lacks the hook,
    errors merely do not describe the certificate.
    """

    def __init__(self) -> None:
        self.certificate = b""

    def listen(self, context: ssl.SSLContext) -> None:
        """Watch all handshakes of `context`."""
        if hasattr(context, "_msg_callback"):
            context._msg_callback = self._on_message

    def _on_message(
        self, _peer: object, direction: str, version: object, _content: object, kind: object, data: bytes
    ) -> None:
        if direction == "read" and getattr(kind, "name", "") == "CERTIFICATE" and not self.certificate:
            self.certificate = _first_certificate(data, tls13=getattr(version, "name", "") == "TLSv1_3")


def _first_certificate(message: bytes, *, tls13: bool) -> bytes:
    """Return the DER form of the first entry of a Certificate message (RFC 8446 4.4.2, RFC 5246 7.4.2)."""
    start = 4  # type and length of the handshake message
    if tls13:
        start += 1  # the length of certificate_request_context, which is empty here
    start += 3  # length of the list
    length = int.from_bytes(message[start : start + 3], "big")
    return message[start + 3 : start + 3 + length]


def chain_detail(verify_code: int, expected: str, certificate: bytes) -> str:
    """Return the detail of a chain that did not pass; `verify_code` is an X509_V_ERR_* number."""
    token = {_HAS_EXPIRED: "CertificateExpired", _NOT_YET_VALID: "CertificateNotYetValid"}.get(
        verify_code, "CertificateUntrusted"
    )
    return _detail(token, expected, certificate)


def name_detail(expected: str, certificate: bytes) -> str:
    """Return the detail of a certificate without the expected name."""
    return _detail("SubjectMismatch", expected, certificate)


def _detail(token: str, expected: str, certificate: bytes) -> str:
    if not certificate:
        return f"{token} Expected Subject: {expected}."
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA1

    try:
        presented = x509.load_der_x509_certificate(certificate)
    except (x509.InvalidVersion, ValueError):  # OpenSSL reads some that it does not
        return f"{token} Expected Subject: {expected}."
    subject = presented.subject.rfc4514_string() or "(empty)"
    thumbprint = presented.fingerprint(SHA1()).hex().upper()
    return f"{token} Expected Subject: {expected}. Presented Subject: {subject}. Thumbprint: {thumbprint}."


def verify_name(certificate: bytes, expected: str) -> bool:
    """Return whether a certificate (DER) bears the expected name among its subject alternative names.

    An IP address must be an iPAddress entry, a domain name a dNSName entry (RFC 9525 6.2 to 6.4).
    """
    from cryptography import x509

    try:
        names = (
            x509.load_der_x509_certificate(certificate)
            .extensions.get_extension_for_class(x509.SubjectAlternativeName)
            .value
        )
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion, ValueError):
        return False
    try:
        address = ip_address(expected)
    except ValueError:
        return any(match_name(name, expected) for name in names.get_values_for_type(x509.DNSName))
    return address in names.get_values_for_type(x509.IPAddress)


def match_name(presented: str, expected: str) -> bool:
    """Return whether a dNSName matches.

    Either side may be `*.` and a domain: the wildcard stands for exactly one label, the leftmost. An expected
    wildcard is met by the same wildcard and by any one name that it covers.
    """
    presented_labels = presented.lower().removesuffix(".").split(".")
    expected_labels = expected.lower().removesuffix(".").split(".")
    if len(presented_labels) != len(expected_labels) or "" in presented_labels + expected_labels:
        return False
    if presented_labels[1:] != expected_labels[1:] or "*" in presented_labels[1:]:
        return False
    first, wanted = presented_labels[0], expected_labels[0]
    if "*" in (first, wanted):
        return len(expected_labels) > 1
    return first == wanted and "*" not in first
