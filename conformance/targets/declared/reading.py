"""Reads a declaration as a whole, and tells every mistake in it before anything is started."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cattrs import BaseValidationError

from conformance.targets.declared.checks import mistakes_in
from conformance.targets.declared.dry_run import tried
from conformance.targets.declared.format import Declaration, File
from conformance.targets.declared.strict import mistakes_of, structured


class DeclarationError(Exception):
    """A declaration cannot be used; the text names the file, every key that is wrong, and what is valid."""

    def __init__(self, path: Path, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        number = len(self.mistakes)
        head = f"{path}: " if number == 1 else f"{path}: {number} mistakes\n  "
        super().__init__(head + "\n  ".join(self.mistakes))


def read(path: Path) -> Declaration:
    """Read a file.

    Raises:
        DeclarationError: Something in it is wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DeclarationError(path, [getattr(error, "strerror", None) or str(error)]) from error
    try:
        found = replace(structured(table), path=path.resolve())
    except (BaseValidationError, TypeError) as error:
        raise DeclarationError(path, mistakes_of(error)) from error
    found, missing = _with_templates(found)
    mistakes = [*missing, *mistakes_in(found)]
    if not mistakes:  # else it would say the same once more
        mistakes = list(tried(found))
    if mistakes:
        raise DeclarationError(path, mistakes)
    return found


def _with_templates(declared: Declaration) -> tuple[Declaration, list[str]]:
    """Return a declaration whose files have their text, and complaints of those that have none."""
    files: dict[str, File] = {}
    mistakes = []
    for path, file in declared.files.items():
        key = f"files.{path!r}"
        if bool(file.template) == bool(file.text):
            mistakes.append(f"{key}: it must have one of template and text")
            continue
        try:
            files |= _with_text(path, file, declared.path.parent) if file.template else {path: file}
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or error
            mistakes.append(f"{key}: cannot read {declared.path.parent / file.template}: {why}")
    return replace(declared, files=files), mistakes


def _with_text(path: str, file: File, folder: Path) -> dict[str, File]:
    """Return a file with its template's text; where that is a folder, one for each file in it, `.j2` taken away."""
    source = folder / file.template
    if not source.is_dir():
        return {path: File(template=file.template, text=source.read_text(encoding="utf-8"))}
    return {
        f"{path}/{each.relative_to(source).as_posix().removesuffix('.j2')}": File(
            template=each.relative_to(folder).as_posix(), text=each.read_text(encoding="utf-8")
        )
        for each in sorted(source.rglob("*"))
        if each.is_file()
    }
