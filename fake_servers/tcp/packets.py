"""The few header fields that a witness needs (IPv4: RFC 791 section 3.1, IPv6: RFC 8200, TCP: RFC 9293)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Final

SYN: Final = 0x02
RST: Final = 0x04
ACK: Final = 0x10

SNAPSHOT: Final = 128  # octets that hold any IPv4 (60) and TCP (60) header
_TCP: Final = 6
_UDP: Final = 17


@dataclass(frozen=True, slots=True)
class Segment:
    """The TCP header of a packet."""

    source_port: int
    destination_port: int
    sequence: int
    flags: int


@dataclass(frozen=True, slots=True)
class Packet:
    """The IP header of a packet, and its TCP header if it has one that can be read.

    Attributes:
        source: Address in text form.
        destination: Address in text form.
        protocol: Number of the protocol inside (6: TCP, 17: UDP); for IPv6, of the first extension header.
        port: The destination port of TCP and UDP; 0 for anything else, for later fragments, and behind the extension
            headers of IPv6.
        segment: The TCP header; None for anything else and for later fragments.
    """

    source: str
    destination: str
    protocol: int
    port: int = 0
    segment: Segment | None = None


def parse(octets: bytes) -> Packet | None:
    """Return the headers of a packet that begins with `octets`; None if that is no IP packet."""
    if len(octets) >= 20 and octets[0] >> 4 == 4:
        return _ipv4(octets)
    if len(octets) >= 40 and octets[0] >> 4 == 6:
        source, destination = (socket.inet_ntop(socket.AF_INET6, octets[at : at + 16]) for at in (8, 24))
        port, segment = _ports(octets, octets[6], 40)
        return Packet(source, destination, octets[6], port, segment)
    return None


def _ipv4(octets: bytes) -> Packet:
    header = (octets[0] & 0x0F) * 4
    fragment_offset = int.from_bytes(octets[6:8], "big") & 0x1FFF
    source, destination = socket.inet_ntoa(octets[12:16]), socket.inet_ntoa(octets[16:20])
    protocol = octets[9]
    port, segment = (0, None) if fragment_offset else _ports(octets, protocol, header)
    return Packet(source, destination, protocol, port, segment)


def _ports(octets: bytes, protocol: int, header: int) -> tuple[int, Segment | None]:
    """Return the destination port and the TCP header behind an IP header of so many octets, as far as there are any."""
    if protocol not in (_TCP, _UDP) or len(octets) < header + 8:
        return 0, None
    source_port, port, sequence = struct.unpack_from("!HHI", octets, header)
    if protocol == _TCP and len(octets) >= header + 20:
        return port, Segment(source_port, port, sequence, octets[header + 13])
    return port, None
