"""A small disk in the namespace lab: full, with room again, and what is left of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.lab import namespace
from conformance.lab.small_disk import SmallDisk

needs_the_lab = pytest.mark.skipif(namespace.unavailable() is not None, reason=str(namespace.unavailable()))

_SCRIPT = """
import errno, json, sys
from pathlib import Path
from conformance.lab import namespace
from conformance.lab.small_disk import SmallDisk

namespace.enter(hostname="relay.lab.test", resolver="10.77.0.53")
folder = Path(sys.argv[1])

def writes(name):
    try:
        (folder / name).write_bytes(b"x" * 100_000)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "written"

disk = SmallDisk(folder)
if sys.argv[2] == "empty":
    disk.fill()
    print(json.dumps([writes("meanwhile"), sorted(each.name for each in folder.iterdir())]))
    disk.make_room()
    sys.exit()
seen = [writes("before")]
disk.fill()
seen.append(writes("meanwhile"))
disk.make_room()
seen.append(writes("after"))
disk.unmount()
print(json.dumps([seen, folder.is_mount(), sorted(each.name for each in folder.iterdir())]))
"""


_HOLDING = """
import json, subprocess, sys
from pathlib import Path
from conformance.lab import namespace
from conformance.lab.small_disk import SmallDisk

namespace.enter(hostname="relay.lab.test", resolver="10.77.0.53")
folder = Path(sys.argv[1])
line = b"a line that is in no log by chance, as long as they are"
disk = SmallDisk(folder)
before, other = disk.used, folder / "spool" / "other"
other.mkdir(parents=True)
subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(other)], check=True)
(other / "1").write_bytes(line)
(folder / "spool" / "link").symlink_to(other / "1")
(folder / "log").write_bytes(b"accepted a message" * 1000)
seen = [disk.used - before, str(disk.holding([line]))]
(folder / "spool" / "2").write_bytes(b"x" * ((1 << 20) - 20) + line + b"y" * 100)
seen += [disk.used - before >= 1 << 20, str(disk.holding([b"another one", line]).relative_to(folder))]
disk.unmount()
print(json.dumps(seen))
"""


@needs_the_lab
def test_what_lies_on_it_is_found_and_what_is_mounted_below_does_not_lie_on_it(tmp_path: Path) -> None:
    command = [*namespace.prefix(), sys.executable, "-c", _HOLDING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [20480, "None", True, "spool/2"]


@needs_the_lab
def test_full_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "relay-1"
    folder.mkdir()
    command = [*namespace.prefix(), sys.executable, "-c", _SCRIPT, str(folder), "used"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen, mounted, left = json.loads(done.stdout)
    assert seen == ["written", "ENOSPC", "written"]
    assert not mounted
    assert left == ["after", "before", "meanwhile"]
    assert (folder / "before").stat().st_size == 100_000


@needs_the_lab
def test_an_empty_one_can_be_full_too(tmp_path: Path) -> None:
    """A size of 0, what is taken on it, is no limit."""
    command = [*namespace.prefix(), sys.executable, "-c", _SCRIPT, str(tmp_path), "empty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["ENOSPC", [".nothing-left", "meanwhile"]]


def _unmounted(folder: Path, monkeypatch: pytest.MonkeyPatch, resize: Callable[[], None]) -> SmallDisk:
    """Return what takes a plain folder for its file system."""
    disk = SmallDisk.__new__(SmallDisk)
    disk.folder = folder
    monkeypatch.setattr(disk, "_resize", lambda _size: resize())
    return disk


def test_where_there_is_room_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="although it was filled"):
        _unmounted(tmp_path, monkeypatch, lambda: None).fill()


def test_who_writes_meanwhile_has_it_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([OSError("too small"), OSError("too small"), None])

    def resize() -> None:
        if (error := next(tries)) is not None:
            raise error

    disk = _unmounted(tmp_path, monkeypatch, resize)
    with pytest.raises(OSError, match="takes what is written"):
        disk.fill()
    assert next(tries, "all") == "all"


def test_where_nothing_can_be_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="mount"):
        SmallDisk(tmp_path)
