"""Opens files where a relay could have put something else: it may write in its work directory whatever it likes.

A pipe in place of a log would hold whoever opens it for ever, and a link would have us read, or write, somewhere else.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_NO_PIPE = os.O_NONBLOCK | os.O_CLOEXEC  # to open a pipe without anybody at its other end returns at once


class NotPlain(OSError):
    """What lies there is no file: a link that leads elsewhere, a pipe, a folder."""


def open_to_read(path: Path) -> BinaryIO:
    """Open a file to read it; a link is followed only to what lies below the same folder.

    Raises:
        NotPlain: It is something else.
        OSError: It cannot be opened.
    """
    return os.fdopen(_plain(path, os.O_RDONLY), "rb")


def open_to_append(path: Path) -> BinaryIO:
    """Open a file to write at its end, as `open_to_read` does; it is made if there is none."""
    return os.fdopen(_plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab")


def _plain(path: Path, flags: int) -> int:
    what = f"{path.name} is a link that leads elsewhere, a pipe or a folder, and no file"
    try:
        leads_to = path.resolve(strict=False)
        if not leads_to.is_relative_to(path.parent.resolve()):
            raise NotPlain(what)
        descriptor = os.open(leads_to, flags | os.O_NOFOLLOW | _NO_PIPE, 0o666)
    except RuntimeError as error:  # a link to itself (Python before 3.13)
        raise NotPlain(what) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise NotPlain(what) from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotPlain(what)
    return descriptor
