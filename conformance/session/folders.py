"""The folders of waves, below pytest's base temporary directory."""

from __future__ import annotations

import errno
from contextlib import suppress
from pathlib import Path

import pytest

from conformance.evidence.record import Fault, Trouble
from conformance.session.ahead import AHEAD
from conformance.session.cut_short import BrokenOff


def make_folders(config: pytest.Config, count: int) -> list[Path]:
    """Make a folder for each of so many waves.

    Raises:
        BrokenOff: There is no room for them.
        pytest.UsageError: They cannot be made where pytest was told to make them.
    """
    # pytest has no public name for this outside of fixtures
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]
    try:
        return [factory.mktemp("conformance") for _ in range(count)]
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BrokenOff(
                Trouble(at=0.0, fault=Fault.HARNESS, message=f"the disk is full: {error}")
            ) from error
        given = config.option.basetemp
        where = (
            f"--basetemp={given}" if given else "the folder for temporary files (TMPDIR, or --basetemp=DIR)"
        )
        raise pytest.UsageError(f"{where}: {_said(error)}") from error


def made_ahead(config: pytest.Config) -> list[Path]:
    """Make folders for the processes that are started ahead; none where that fails, which is told later."""
    with suppress(BrokenOff, pytest.UsageError):
        return make_folders(config, AHEAD)
    return []


def _said(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}" if error.filename else str(error)
