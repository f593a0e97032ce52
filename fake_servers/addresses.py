"""Addresses as they are compared where it counts whose mail something is, and not how that is written."""

from __future__ import annotations


def known_as(address: str) -> str:
    """Return an address in lower case, with its domain in ASCII.

    A domain in U-labels is the same as that in A-labels (RFC 5890 section 2.3.2.4); whether the case of a local part
    was kept is another question.
    """
    return in_ascii(address).lower()


def in_ascii(address: str) -> str:
    """Return an address with its domain in A-labels (RFC 5890 section 2.3.2.1); as it is if it has none of these."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return local + at + domain.encode("idna").decode("ascii")
    except UnicodeError:
        return address


def in_unicode(address: str) -> str:
    """Return an address with its domain, which is in ASCII, in U-labels (RFC 5890 section 2.3.2.1)."""
    local, at, domain = address.rpartition("@")
    return local + at + domain.encode("ascii").decode("idna")
