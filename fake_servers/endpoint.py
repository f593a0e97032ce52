"""Addresses and ports of both IP versions: as sockets have them, and as the journal shows them."""

from __future__ import annotations

import socket


def endpoint(host: str, port: int) -> str:
    """Return `host:port`; an IPv6 address stands in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def family(host: str) -> socket.AddressFamily:
    """Return the address family of an IP address."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
