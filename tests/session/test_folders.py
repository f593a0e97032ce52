"""Where folders cannot be made somebody has to be told which, and whose mistake it is."""

from __future__ import annotations

import errno
from types import SimpleNamespace
from typing import Any

import pytest

from conformance.evidence.record import Fault
from conformance.session.cut_short import BrokenOff
from conformance.session.folders import make_folders


def _config(error: OSError, basetemp: str | None = "there") -> Any:
    def mktemp(_name: str) -> None:
        raise error

    option = SimpleNamespace(basetemp=basetemp)
    return SimpleNamespace(_tmp_path_factory=SimpleNamespace(mktemp=mktemp), option=option)


@pytest.mark.parametrize(("error", "given", "told"), [
    (FileNotFoundError(errno.ENOENT, "No such file or directory", "/there"), "there", "--basetemp=there: No such file"),
    (PermissionError(errno.EACCES, "Permission denied", "/there"), "there", "Permission denied: /there"),
    (PermissionError(errno.EACCES, "Permission denied", "/tmp/x"), None, "TMPDIR, or --basetemp=DIR"),
    (OSError("it is not owned by the current user"), None, "it is not owned by the current user"),
])  # fmt: skip
def test_a_folder_that_cannot_be_made_is_a_usage_error(error: OSError, given: str | None, told: str) -> None:
    """Of one that cannot be entered as well, which nothing keeps from root."""
    with pytest.raises(pytest.UsageError) as caught:
        make_folders(_config(error, given), 1)
    assert told in str(caught.value)


def test_a_full_disk_is_nobodys_mistake() -> None:
    with pytest.raises(BrokenOff) as caught:
        make_folders(_config(OSError(errno.ENOSPC, "No space left on device")), 1)
    assert caught.value.trouble.fault is Fault.HARNESS
