"""A file system of a relay's own, in the namespace lab: it can be made full, and given room again.

It is a tmpfs, whose size can be changed while it is used (tmpfs(5)). So nothing has to be written to fill it, and no
process that writes at the same time gets in between.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

_ROOM = "50%"  # of the memory: what a tmpfs has by itself


class SmallDisk:
    """The file system at a folder.

    Args:
        folder: Where to mount it; empty, and nothing must work there yet.

    Raises:
        OSError: It cannot be mounted; the text says why.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        mode = f"mode={folder.stat().st_mode & 0o777:o}"
        _run("mount", "-t", "tmpfs", "-o", f"{mode},size={_ROOM}", "tmpfs", str(folder))

    def fill(self) -> None:
        """Leave no room: what is there stays, and no further block can be had.

        Raises:
            OSError: It cannot be done.
        """
        seen = os.statvfs(self.folder)
        self._resize(str((seen.f_blocks - seen.f_bfree) * seen.f_frsize))

    def make_room(self) -> None:
        """Give it as much room as it had.

        Raises:
            OSError: It cannot be done.
        """
        self._resize(_ROOM)

    def unmount(self) -> None:
        """Take it away and leave what is on it in the folder, as far as it can be copied.

        Raises:
            OSError: It cannot be unmounted.
        """
        kept = self.folder.with_name(f"{self.folder.name}.kept")
        kept.mkdir()
        # what cannot be copied is not worth more than the rest: a socket, say
        subprocess.run(("cp", "-a", f"{self.folder}/.", str(kept)), capture_output=True, check=False)
        _run("umount", "--lazy", str(self.folder))
        shutil.copystat(kept, self.folder)
        kept.replace(self.folder)

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self.folder))


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip() or f'exit status {done.returncode}'}")
