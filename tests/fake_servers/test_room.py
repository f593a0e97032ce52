"""A receive buffer is as large as was asked for where we may go beyond the system's limit, and else as it allows."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

from fake_servers.room import enlarge

_MOST = int(Path("/proc/sys/net/core/rmem_max").read_text(encoding="ascii"))
_AS_SET = socket.SO_RCVBUF


class _Unprivileged(socket.socket):
    def setsockopt(self, level: int, option: int, value: Any, *more: Any) -> None:
        if option != _AS_SET:
            raise PermissionError
        super().setsockopt(level, option, value, *more)


def _room(kind: type[socket.socket], octets: int) -> int:
    with kind(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        enlarge(receiving, octets)
        return receiving.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def test_who_may_not_go_beyond_the_limit_has_as_much_as_it_allows() -> None:
    assert _room(_Unprivileged, 2 * _MOST) == 2 * _MOST
    assert _room(_Unprivileged, _MOST // 2) == 2 * (_MOST // 2)


def test_who_may_has_what_was_asked_for() -> None:
    assert _room(socket.socket, 2 * _MOST) in (2 * _MOST, 4 * _MOST)  # without and with the privilege
    assert _room(socket.socket, _MOST // 2) == 2 * (_MOST // 2)
