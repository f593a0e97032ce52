"""A filter for a packet socket: only what can begin or refuse something gets in, so that bulk data cannot crowd it out.

The kernel runs it on every packet before that takes up room in the socket's buffer (classic BPF, `linux/filter.h`).
TCP segments get in only if they have SYN or RST; everything that is no TCP gets in.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import Final

_SO_ATTACH_FILTER: Final = 26
_SYN_OR_RST: Final = 0x06
_TCP: Final = 6
_WHOLE: Final = 0xFFFF

# Instructions: operation, jump if true, jump if false, operand. Offsets count from the IP header (SOCK_DGRAM).
_LOAD_BYTE, _LOAD_HALF, _LOAD_BYTE_AT_X = 0x30, 0x28, 0x50
_AND, _EQUAL, _ANY_BIT = 0x54, 0x15, 0x45
_X_IS_HEADER_LENGTH, _RETURN = 0xB1, 0x06
_PROGRAM: Final = (
    (_LOAD_BYTE, 0, 0, 0),
    (_AND, 0, 0, 0xF0),
    (_EQUAL, 0, 7, 0x40),  # IPv4, else on to IPv6
    (_LOAD_BYTE, 0, 0, 9),  # protocol
    (_EQUAL, 0, 10, _TCP),  # else accept
    (_LOAD_HALF, 0, 0, 6),
    (_ANY_BIT, 8, 0, 0x1FFF),  # a later fragment has no TCP header: accept
    (_X_IS_HEADER_LENGTH, 0, 0, 0),
    (_LOAD_BYTE_AT_X, 0, 0, 13),  # TCP flags
    (_ANY_BIT, 5, 6, _SYN_OR_RST),
    (_EQUAL, 0, 4, 0x60),  # IPv6, else accept
    (_LOAD_BYTE, 0, 0, 6),  # next header
    (_EQUAL, 0, 2, _TCP),  # else accept
    (_LOAD_BYTE, 0, 0, 40 + 13),  # TCP flags
    (_ANY_BIT, 0, 1, _SYN_OR_RST),
    (_RETURN, 0, 0, _WHOLE),  # accept
    (_RETURN, 0, 0, 0),
)


def attach(watching: socket.socket) -> None:
    """Have the kernel drop TCP data before it reaches a packet socket.

    Raises:
        OSError: The kernel does not take the filter.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in _PROGRAM))
    program = struct.pack("HP", len(_PROGRAM), ctypes.addressof(code))  # struct sock_fprog
    watching.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
