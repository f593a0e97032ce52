"""Digests (SHA-256): of files, of what asks, and of what judges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from conformance.catalogue.requirements import catalogue
from conformance.suite import ASPECTS

_PACKAGES = Path(__file__).resolve().parents[2]
_JUDGES = ("conformance", "fake_servers")
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
    for package in _JUDGES:
        for path in (_PACKAGES / package).rglob("*"):
            if path.suffix in _ENDINGS:
                yield path.relative_to(_PACKAGES)


def _profiles() -> list[Traversable]:
    found = files("conformance.catalogue.profiles").iterdir()
    return sorted((each for each in found if each.name.endswith(".toml")), key=lambda each: each.name)


@cache
def of_catalogue() -> str:
    """Return the digest of what is asked: requirements, which test asks for which of them, and the profiles."""
    asked = {
        "requirements": [asdict(row) for row in catalogue().values()],
        "tests": {
            aspect.test_name(scenario): sorted(aspect.requirements.values())
            for aspect in ASPECTS
            for scenario in aspect.scenarios()
        },
        "profiles": {path.name: path.read_text("utf-8") for path in _profiles()},
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
