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
    context.check_hostname = False
    if policy.verifies:
        context.load_verify_locations(cadata=trust_anchors)
    else:
        context.verify_mode = ssl.CERT_NONE
    return context


def chain_detail(verify_code: int, expected: str) -> str:
    """Return the detail of a chain that did not pass; `verify_code` is an X509_V_ERR_* number."""
    token = {_HAS_EXPIRED: "CertificateExpired", _NOT_YET_VALID: "CertificateNotYetValid"}.get(
        verify_code, "CertificateUntrusted"
    )
    return f"{token} Expected Subject: {expected}."


def name_detail(expected: str) -> str:
    """Return the detail of a certificate without the expected name."""
    return f"SubjectMismatch Expected Subject: {expected}."


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
    first, *parent = presented.lower().split(".")
    wanted, *rest = expected.lower().split(".")
    if parent != rest:
        return False
    return first == wanted or ("*" in (first, wanted) and bool(first and rest))
