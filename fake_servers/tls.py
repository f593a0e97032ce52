"""The certificate authority of a fake world, and every good and bad certificate."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
import warnings
from enum import StrEnum
from typing import Final

import trustme

from fake_servers.leaf import COMMON_NAME_LIMIT, cross_signed, issue
from fake_servers.shared_sessions import SharingContext

WRONG_NAME: Final = "wrong-name.invalid"

# Attribute of a connection's `ssl.SSLObject`: the name of the server that the client asked for, if it did.
ASKED_FOR: Final = "asked_for"

_DAY: Final = datetime.timedelta(days=1)
_FORBIDDEN: Final = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
_VERSIONS: Final = (*_FORBIDDEN, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


class Certificate(StrEnum):
    """What is right or wrong with a server's certificate."""

    GOOD = "good"
    EXPIRED = "expired"  # ended a day ago
    NOT_YET_VALID = "not_yet_valid"  # begins in ten years, so that no clock moved by a few days reaches it
    WRONG_NAME = "wrong_name"  # in order, but for another host
    PARENT_NAME = "parent_name"  # in order, but for the parent of the host name
    SELF_SIGNED = "self_signed"  # right name, its own issuer
    UNKNOWN_CA = "unknown_ca"  # right name, issued by an authority that nobody trusts
    WILDCARD = "wildcard"  # `*.` and the parent of the host name (RFC 9525 section 6.3): good
    WILDCARD_TWO_LABELS = (
        "wildcard_two_labels"  # `*.` and the grandparent: one label short (the same section)
    )
    COMMON_NAME_ONLY = (
        "common_name_only"  # right name, but no SAN (RFC 9525 section 2: the CN is no identifier)
    )
    IP_ADDRESS = "ip_address"  # for the address of the host only, not for its name
    MISSING_INTERMEDIATE = "missing_intermediate"  # issued by an authority whose certificate is not sent
    CHILD_NAME = "child_name"  # in order, but for `alias1.` and the host name, a name below it
    LONGER_NAME = "longer_name"  # in order, but for a name that ends in the host name, and not at a dot
    WILDCARD_BELOW = "wildcard_below"  # `*.` and the host name: for names below it only
    EMPTY_LABEL = "empty_label"  # the host name with nothing before its first dot: no name (RFC 5280 4.2.1.6)
    OTHER_COMMON_NAME = "other_common_name"  # no SAN, and the CN of another host
    OTHER_DOMAIN = "other_domain"  # in order, but for a host of the same first label, elsewhere
    WILDCARD_ELSEWHERE = "wildcard_elsewhere"  # `*.` and what is not the parent, though of as many labels
    WILDCARD_AMID = (
        "wildcard_amid"  # an asterisk for the second label (RFC 9525 section 6.3: the left-most alone)
    )
    OTHER_ALTERNATIVE_NAMES = "other_alternative_names"  # the host name as CN, and a SAN of another host
    SEVERAL_NAMES = "several_names"  # for some other names, and last for the host name: good
    CAPITALS = "capitals"  # the host name in capitals (RFC 9525 section 6.3: case does not count): good
    CROSS_SIGNED = (
        "cross_signed"  # with a second way up, sent along, that ends at a root that has expired: good
    )


class CertificateAuthority:
    """One trusted root, and whatever it (or somebody else) issues.

    All keys are ECDSA P-256. Contexts are made once for each kind and host name. Session tickets are off, so
    that with TLS 1.3 each connection presents the certificate anew, unless sessions are asked for.

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
        self._pems: dict[tuple[Certificate, str, str], bytes] = {}
        self._contexts: dict[tuple[object, ...], ssl.SSLContext] = {}

    def trust_anchors(self) -> bytes:
        """Return the certificate of the root, PEM."""
        return self._root.cert_pem.bytes()

    def every_anchor(self) -> bytes:
        """Return the same with the root that issues `Certificate.UNKNOWN_CA`, which is known then, PEM."""
        return self._root.cert_pem.bytes() + self._unknown.cert_pem.bytes()

    def server_context(
        self,
        kind: Certificate,
        hostname: str,
        *,
        address: str = "",
        newest: ssl.TLSVersion | None = None,
        oldest: ssl.TLSVersion | None = None,
        asks_client: bool = False,
        sessions: str = "",
    ) -> ssl.SSLContext:
        """Return a context for a server that presents such a certificate.

        Args:
            kind: What is right or wrong with it.
            hostname: The name (or IP address) of the server as clients know it.
            address: The IP address of the server, for `Certificate.IP_ADDRESS`; by default the host name, if
                that is one. Other kinds ignore it.
            newest: The newest version of TLS to speak: None for whatever there is, from TLS 1.2 on; TLSv1_2
                for that one alone; TLSv1_1 or TLSv1 for that one and what is older (RFC 8996 forbids both).
            oldest: The oldest version to speak, TLSv1_3 for that one alone; None: as `newest` says.
            asks_client: Whether it asks the client for a certificate, which need not have one.
            sessions: Give out sessions, and resume those of all servers with the same word here; empty: as little
                as can be.

        Raises:
            ValueError: The host name has too few labels for a wildcard (three, or four for two of them) or is
                too long for a CN alone, there is no address for the certificate, or `newest` is no version
                of TLS.
        """
        address = _certified_address(kind, hostname, address)
        key = (kind, hostname, address, newest, oldest, asks_client, sessions)
        if key not in self._contexts:
            context = self._of_versions(newest, oldest, sessions)
            if asks_client:
                context.verify_mode = ssl.CERT_OPTIONAL
                context.load_verify_locations(cadata=self.trust_anchors().decode("ascii"))
            if not sessions:
                context.options |= ssl.OP_NO_TICKET
                context.num_tickets = 0
            context.sni_callback = _keep_name
            # The ssl module reads certificates from files only.
            with tempfile.NamedTemporaryFile(suffix=".pem") as file:
                file.write(self.pem(kind, hostname, address=address))
                file.flush()
                context.load_cert_chain(file.name)
            self._contexts[key] = context
        return self._contexts[key]

    def _of_versions(
        self, newest: ssl.TLSVersion | None, oldest: ssl.TLSVersion | None, sessions: str
    ) -> ssl.SSLContext:
        """Return a context without a certificate; one that shares sessions with all of the same word and versions."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if sessions:
            key = ("keeper", sessions, newest, oldest)
            if key not in self._contexts:
                self._contexts[key] = self._of_versions(newest, oldest, "")
            context = SharingContext.kept_by(self._contexts[key])
        _limit_versions(context, newest)
        if oldest is not None:
            context.minimum_version = oldest
        return context

    def pem(self, kind: Certificate, hostname: str, *, address: str = "") -> bytes:
        """Return the private key and the chain that the server sends, for a server of one's own.

        Raises:
            ValueError: As `server_context`.
        """
        address = _certified_address(kind, hostname, address)
        key = (kind, hostname, address)
        if key not in self._pems:
            self._pems[key] = self._issue(kind, hostname, address)
        return self._pems[key]

    def _issue(self, kind: Certificate, hostname: str, address: str) -> bytes:
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
            case Certificate.PARENT_NAME:
                leaf = _leaf(self._root, _wildcard(hostname, covered=1).removeprefix("*."))
            case Certificate.SELF_SIGNED:
                return issue(hostname, [hostname], now - _DAY, now + 365 * _DAY)
            case Certificate.UNKNOWN_CA:
                leaf = _leaf(self._unknown, hostname)
            case Certificate.WILDCARD:
                leaf = _leaf(self._root, _wildcard(hostname, covered=1))
            case Certificate.WILDCARD_TWO_LABELS:
                leaf = _leaf(self._root, _wildcard(hostname, covered=2))
            case Certificate.COMMON_NAME_ONLY:
                if len(hostname) > COMMON_NAME_LIMIT:
                    raise ValueError(f"{hostname}: longer than the {COMMON_NAME_LIMIT} characters of a CN")
                return issue(hostname, [], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.IP_ADDRESS:
                leaf = _leaf(self._root, address)
            case Certificate.MISSING_INTERMEDIATE:
                leaf = _leaf(self._intermediate, hostname)
                return leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes()
            case Certificate.CHILD_NAME:
                leaf = _leaf(self._root, f"alias1.{hostname}")
            case Certificate.LONGER_NAME:
                leaf = _leaf(self._root, f"other-{hostname}")
            case Certificate.WILDCARD_BELOW:
                leaf = _leaf(self._root, f"*.{hostname}")
            case Certificate.EMPTY_LABEL:
                name = _wildcard(hostname, covered=1).removeprefix("*")  # trustme would not write it
                return issue(name, [name], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.OTHER_COMMON_NAME:
                return issue(WRONG_NAME, [], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.OTHER_DOMAIN:
                leaf = _leaf(self._root, _elsewhere(hostname))
            case Certificate.WILDCARD_ELSEWHERE:
                leaf = _leaf(self._root, _wildcard(_elsewhere(hostname), covered=1))
            case Certificate.WILDCARD_AMID:
                first = hostname.partition(".")[0]
                name = f"{first}.{_wildcard(hostname, covered=2)}"  # trustme would not write it
                return issue(name, [name], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.OTHER_ALTERNATIVE_NAMES:
                return issue(hostname, [WRONG_NAME], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.SEVERAL_NAMES:
                others = [f"{label}.{WRONG_NAME}" for label in ("www", "imap", "smtp")]
                leaf = self._root.issue_cert(*others, hostname, common_name=others[0])
            case Certificate.CAPITALS:
                name = hostname.upper()  # trustme would write it in small letters
                return issue(name, [name], now - _DAY, now + 365 * _DAY, issuer=self._root)
            case Certificate.CROSS_SIGNED:
                leaf = _leaf(self._root, hostname)
                return leaf.private_key_and_cert_chain_pem.bytes() + cross_signed(self._root, now - _DAY)
        return leaf.private_key_and_cert_chain_pem.bytes()


def _leaf(
    issuer: trustme.CA,
    name: str,
    not_before: datetime.datetime | None = None,
    not_after: datetime.datetime | None = None,
) -> trustme.LeafCert:
    """Issue a certificate with the name as SAN and as CN, as real ones have it; undated: good for years."""
    common_name = name if len(name) <= COMMON_NAME_LIMIT else None
    return issuer.issue_cert(name, common_name=common_name, not_before=not_before, not_after=not_after)


def _elsewhere(hostname: str) -> str:
    """Return a name of as many labels, of which the second alone is another."""
    first, _, rest = hostname.partition(".")
    return f"{first}.other-{rest}"


def _wildcard(hostname: str, *, covered: int) -> str:
    """Return a wildcard for what remains of the name without the labels that it is to cover."""
    remaining = hostname.split(".", covered)[covered:]
    if not remaining or "." not in remaining[0].rstrip("."):
        raise ValueError(f"{hostname}: a wildcard for a top-level domain matches nothing; use a longer name")
    return f"*.{remaining[0]}"


def _certified_address(kind: Certificate, hostname: str, address: str) -> str:
    """Return the address that the certificate is for; empty if it is for a name."""
    if kind is not Certificate.IP_ADDRESS:
        return ""
    try:
        return str(ipaddress.ip_address(address or hostname))
    except ValueError:
        raise ValueError(
            f"a certificate for an IP address needs one, as in address='127.0.0.1', not {address or hostname!r}"
        ) from None


def _keep_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    if name is not None:
        setattr(connection, ASKED_FOR, name)


def _limit_versions(context: ssl.SSLContext, newest: ssl.TLSVersion | None) -> None:
    if newest is None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return
    if newest not in _VERSIONS:
        raise ValueError(f"no version of TLS: {newest!r}; there are {', '.join(v.name for v in _VERSIONS)}")
    if newest in _FORBIDDEN:
        # OpenSSL 3 speaks them at security level 0 only: their handshake is signed with SHA-1.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    else:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    with warnings.catch_warnings():
        # Python warns of what is asked for here on purpose.
        warnings.filterwarnings("ignore", r"ssl\.TLSVersion\.TLSv1(_1)? is deprecated\Z", DeprecationWarning)
        context.maximum_version = newest
