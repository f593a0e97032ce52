"""Digests (SHA-256): of files, and of what judges; that of what is asked is the catalogue's own (`suite.digest_of`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGES = Path(__file__).resolve().parents[2]
_JUDGES = ("conformance", "fake_servers")
# What brings them into pytest; it is no part of a package.
_PLUGIN = Path("mailflow_conformance_pytest.py")
# What a verdict can depend on: code, and data that is read by it.
_ENDINGS = (".py", ".toml")
_AT_A_TIME = 1 << 20


def of_file(path: Path) -> str:
    """Return the digest of a file.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_AT_A_TIME):
            digest.update(part)
    return digest.hexdigest()


@cache
def of_suite() -> str:
    """Return the digest of this suite's own code and data as they are installed: a version says too little of it."""
    digest = hashlib.sha256()
    for path in sorted(_files(), key=lambda each: each.as_posix()):
        digest.update(f"{path.as_posix()}\n{of_file(_PACKAGES / path)}\n".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    yield _PLUGIN
    for package in _JUDGES:
        for path in (_PACKAGES / package).rglob("*"):
            if path.suffix in _ENDINGS:
                yield path.relative_to(_PACKAGES)
