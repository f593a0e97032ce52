"""Reads and answers a question in passing, where thousands come that nobody will look at: some microseconds each."""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = 12  # octets (RFC 1035 section 4.1.1)
_MOST: Final = 255  # octets of a name
_QUESTION: Final = (
    b"\0\1\0\0\0\0"  # one, and nothing answered so far: the counts behind the flags, but the last
)


def quick_name(wire: bytes) -> tuple[bytes, ...] | None:
    """Return the labels of the name that a message asks for; None: it asks for none, or is no query at all."""
    if len(wire) <= _HEADER or wire[2] & 0x80 or wire[4:10] != _QUESTION:
        return None
    labels: list[bytes] = []
    at = _HEADER
    while at < min(len(wire), _HEADER + _MOST):
        length = wire[at]
        if not length:
            return tuple(labels)
        if length > 63:  # a pointer: nothing stands before it that it could point to
            return None
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    return None


def quick_nxdomain(wire: bytes) -> bytes | None:
    """Return the reply that there is no such name; None where no name can be read."""
    labels = quick_name(wire)
    if labels is None:
        return None
    end = _HEADER + sum(1 + len(label) for label in labels) + 5  # the root, type and class
    if len(wire) < end:
        return None
    flags = 0x8080 | (wire[2] & 0x79) << 8 | 3  # a response, recursion available, as asked, NXDOMAIN
    return wire[:2] + struct.pack("!5H", flags, 1, 0, 0, 0) + wire[_HEADER:end]
