"""Files that are whole at any moment."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_durably(path: Path, content: bytes, fresh_folder: Path) -> None:
    """Write or replace a file at one stroke: whatever happens, the old content is there or the new one.

    Args:
        path: The file.
        content: What it shall hold.
        fresh_folder: Where the content is written first, on the same file system.

    Raises:
        OSError: It could not be done; the old content stays.
    """
    fresh = fresh_folder / f".{path.name}.new"
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, fresh)
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # else the new name may not survive a power cut
    finally:
        os.close(folder)
