"""Users and groups of services, in an /etc that may be written to."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path

_SYSTEM_IDS = range(300, 1000)  # for users and groups of system services


def add_user(name: str, home: str = "/nonexistent") -> int:
    """Add a user and a group of a service to /etc; return the user's number, which is the group's too.

    One that is there already stays as it is.
    """
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        pass
    taken = {entry.pw_uid for entry in pwd.getpwall()} | {entry.gr_gid for entry in grp.getgrall()}
    number = next(number for number in _SYSTEM_IDS if number not in taken)
    _append("/etc/passwd", f"{name}:x:{number}:{number}::{home}:/usr/sbin/nologin\n")
    if name not in {entry.gr_name for entry in grp.getgrall()}:
        _append("/etc/group", f"{name}:x:{number}:\n")
    return number


def _append(file: str, text: str) -> None:
    with Path(file).open("a", encoding="utf-8") as lines:
        lines.write(text)
