"""Setting keys in a TOML file while all else, comments included, stays as it was written.

Lines are edited by their looks; that the result says what it should, and nothing else, is then read back by a
TOML parser. A file written in a way that this does not understand is refused, never damaged.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .config_reader import ConfigError


class Edit(NamedTuple):
    """Key `key` of the table `[[table]]` number `number`, from 0, becomes `value`."""

    table: str
    number: int
    key: str
    value: str | bool


def edit(text: str, edits: Iterable[Edit], *, source: Path) -> str:
    """Return `text` with all edits made.

    Raises:
        ConfigError: The file `source` is written in a way that does not allow it.
    """
    wanted = copy.deepcopy(tomllib.loads(text))
    for each in edits:
        table = wanted[each.table][each.number]
        if table.get(each.key) == each.value:
            continue
        table[each.key] = each.value
        text = _set(text, each)
    try:
        made = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        made = {}
    if made != wanted:
        raise ConfigError(
            f"{source}: cannot be edited: write its connectors and accepted domains as [[connector]] and "
            "[[accepted_domain]], one key a line; or make the change by hand and reload it"
        )
    return text


def _set(text: str, wanted: Edit) -> str:
    lines = text.splitlines(keepends=True)
    header = re.compile(rf"\s*\[\[\s*{re.escape(wanted.table)}\s*\]\]")
    headers = [number for number, line in enumerate(lines) if header.match(line)]
    if wanted.number >= len(headers):
        return text
    value = json.dumps(wanted.value)  # a JSON string, true and false are TOML as well
    first = headers[wanted.number]
    for number in range(first + 1, len(lines)):
        if lines[number].lstrip().startswith("["):
            break
        found = re.match(
            rf"""(\s*{re.escape(wanted.key)}\s*=\s*)("[^"]*"|'[^']*'|true|false)""", lines[number]
        )
        if found:
            lines[number] = found[1] + value + lines[number][found.end() :]
            return "".join(lines)
    lines[first] = lines[first].rstrip("\r\n") + "\n"
    lines.insert(first + 1, f"{wanted.key} = {value}\n")
    return "".join(lines)
