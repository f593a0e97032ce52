"""Runs a command of a relay's to its end; what it complained of is in the error."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

from conformance.target import TargetError
from conformance.targets import patience, precedence
from conformance.targets.process import log_tail

_SYSTEM_PATH = "/usr/sbin:/sbin"  # where relays live; not on every user's PATH
_LIMIT = 9.0  # seconds; the suite gives a call of an adapter ten


def search_path() -> str:
    """Return where programs are looked for: this process's PATH, and the folders of system programs."""
    return os.environ.get("PATH", os.defpath) + os.pathsep + _SYSTEM_PATH


def environment(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return variables for a relay: English words, UTC in its log, programs of the system, and those that are given.

    Nothing else of the environment of who runs the suite reaches the relay.
    """
    return {"PATH": search_path(), "LANG": "C", "TZ": "UTC", **(given or {})}


async def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    stdin: bytes = b"",
    limit: float = _LIMIT,
) -> str:
    """Run a command and return its standard output.

    Args:
        command: The program and its arguments; no shell.
        env: Its whole environment; None: that of this process.
        cwd: Its working directory.
        log: A log of the relay's, whose end the error shows.
        stdin: What it reads from its standard input.
        limit: Seconds after which it is ended, longer on a crowded machine.

    Raises:
        TargetError: It failed, or was not done in time, with what it wrote to its standard error; or there is no such
            program (`installation` is set).
    """
    words = [str(word) for word in command]
    with _in_memory(stdin) as given, _in_memory() as out, _in_memory() as err:
        try:
            process = await asyncio.create_subprocess_exec(
                *words, env=env, cwd=cwd, stdin=given, stdout=out, stderr=err, start_new_session=True
            )
        except OSError as error:
            raise TargetError(
                f"cannot start {words[0]}: {error.strerror or error}", installation=True
            ) from error
        # what a relay's command leaves in the background is the relay
        precedence.have_fall_back(process.pid)
        try:
            async with patience.timeout(limit):
                status = await process.wait()
        except TimeoutError as error:
            raise _failure(words, f"not done after {limit:g} s", log) from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status != 0:
            raise _failure(words, _read(err).strip() or f"exit status {status}", log)
        return _read(out)


def _in_memory(content: bytes = b"") -> BinaryIO:
    """Return a file; unlike a pipe it is not held open by what a command leaves in the background."""
    file = os.fdopen(os.memfd_create("command"), "w+b", buffering=0)
    file.write(content)
    file.seek(0)
    return cast(BinaryIO, file)


def _read(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def _failure(words: list[str], complaint: str, log: Path | None) -> TargetError:
    return TargetError(f"{' '.join(words)}: {complaint}", log=log_tail(log) if log else "")
