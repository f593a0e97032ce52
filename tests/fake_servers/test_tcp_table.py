"""The table of sockets, asked for and read: both say the same."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_servers.tcp import table
from fake_servers.tcp.sockets import ESTABLISHED, LISTEN
from fake_servers.tcp.table import sockets


@pytest.fixture(params=["asked for", "read"])
def _way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have one of the two ways fail, so that it is the other one that answers."""
    if request.param == "asked for":
        monkeypatch.setattr(table, "_TABLES", (Path("/nowhere"),))
    else:
        monkeypatch.setattr(table, "_NETLINK_SOCK_DIAG", 9999)


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with socket.socket(request.param, socket.SOCK_STREAM) as server:
        if request.param is socket.AF_INET6:
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("127.0.0.1" if request.param is socket.AF_INET else "::ffff:127.0.0.1", 0))
        server.listen()
        yield server


@pytest.mark.usefixtures("_way")
def test_a_connection_is_shown_from_both_ends_whatever_the_family(listening: socket.socket) -> None:
    """Also that of an IPv6 socket which is connected by IPv4, as a JVM's are."""
    port = listening.getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        own = client.getsockname()[1]
        [near] = sockets(ESTABLISHED, local_port=own)
        [far] = sockets(ESTABLISHED, remote_port=own)
        [waiting] = sockets(LISTEN, local_port=port)
    assert (near.local, near.remote) == (far.remote, far.local) == (f"127.0.0.1:{own}", f"127.0.0.1:{port}")
    assert waiting.local == f"127.0.0.1:{port}"
    assert sockets(ESTABLISHED, local_port=own) == []


def test_a_kernel_that_shows_nothing_is_no_error_of_the_one_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_TABLES", ())
    monkeypatch.setattr(table, "_NETLINK_SOCK_DIAG", 9999)
    assert sockets() == []
