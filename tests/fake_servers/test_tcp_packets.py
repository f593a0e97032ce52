import ipaddress
import struct

from hypothesis import given
from hypothesis import strategies as st

from fake_servers.tcp.packets import SNAPSHOT, Packet, Segment, parse

PORTS = st.integers(0, 65535)


@given(
    source=st.ip_addresses(v=4),
    destination=st.ip_addresses(v=4),
    ports=st.tuples(PORTS, PORTS),
    sequence=st.integers(0, 2**32 - 1),
    flags=st.integers(0, 255),
    options=st.integers(0, 10),
    data=st.binary(max_size=40),
)
def test_a_tcp_segment_is_read_whatever_options_its_ip_header_has(
    source: ipaddress.IPv4Address,
    destination: ipaddress.IPv4Address,
    ports: tuple[int, int],
    sequence: int,
    flags: int,
    options: int,
    data: bytes,
) -> None:
    octets = ipv4(source, destination, options=options) + tcp(ports, sequence, flags) + data
    segment = Segment(*ports, sequence, flags)
    assert parse(octets[:SNAPSHOT]) == Packet(str(source), str(destination), 6, ports[1], segment)


@given(octets=st.binary(max_size=SNAPSHOT))
def test_nothing_on_the_wire_breaks_the_parser(octets: bytes) -> None:
    packet = parse(octets)
    assert packet is None or octets[0] >> 4 == ipaddress.ip_address(packet.destination).version


def test_a_later_fragment_has_no_tcp_header() -> None:
    address = ipaddress.IPv4Address("10.77.0.1")
    octets = ipv4(address, address, fragment_offset=185) + tcp((1, 2), 3, 4)
    assert parse(octets) == Packet("10.77.0.1", "10.77.0.1", 6)


def test_of_ipv6_the_addresses_are_read() -> None:
    addresses = [ipaddress.IPv6Address(text).packed for text in ("fe80::1", "2001:db8::2")]
    octets = struct.pack("!IHBB", 6 << 28, 0, 17, 64) + b"".join(addresses)
    assert parse(octets) == Packet("fe80::1", "2001:db8::2", 17)


def test_a_tcp_segment_in_ipv6_is_read() -> None:
    addresses = [ipaddress.IPv6Address(text).packed for text in ("fd77::1", "fd77::2")]
    header = struct.pack("!IHBB", 6 << 28, 20, 6, 64) + b"".join(addresses)
    segment = Segment(40000, 25, 7, 2)
    assert parse(header + tcp((40000, 25), 7, 2)) == Packet("fd77::1", "fd77::2", 6, 25, segment)
    assert parse(header) == Packet("fd77::1", "fd77::2", 6)


def ipv4(
    source: ipaddress.IPv4Address,
    destination: ipaddress.IPv4Address,
    *,
    options: int = 0,
    fragment_offset: int = 0,
) -> bytes:
    header = struct.pack("!BBHHHBBH", 0x45 + options, 0, 0, 0, fragment_offset, 64, 6, 0)
    return header + source.packed + destination.packed + bytes(4 * options)


def tcp(ports: tuple[int, int], sequence: int, flags: int) -> bytes:
    return struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 0, 0, 0)
