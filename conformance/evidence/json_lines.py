"""Writes one entry of a record as a line of JSON, fast where there are megabytes in it.

The encoder of the standard library looks at each character, whether it must be escaped. Octets in base64 (RFC 4648
section 4) never need that, and a message of five megabytes stands in a record twice. So they are put in afterwards.
"""

from __future__ import annotations

import json
import secrets
from typing import Any, Final

# Shorter texts are not worth the care.
_LONG: Final = 65_536  # characters

# Stands for what is put in afterwards; nobody outside knows it.
_MARK: Final = secrets.token_hex(16)


def line_of(kind: str, entry: object, data: dict[str, Any]) -> str:
    """Return the line for an entry, without line end.

    Args:
        kind: The word for its kind.
        entry: The entry, an object whose attributes of type `bytes` are base64 in the data.
        data: The same as JSON data; an event has its attributes in `fields`.
    """
    fields = data.get("fields")
    attributes: dict[str, Any] = fields if isinstance(fields, dict) else data
    long = [
        name
        for name, value in attributes.items()
        if type(value) is str and len(value) > _LONG and isinstance(getattr(entry, name), bytes)
    ]
    put_in = [attributes[name] for name in long]
    attributes |= dict.fromkeys(long, _MARK)
    first, *others = json.dumps({"kind": kind, "entry": data}).split(_MARK)
    return "".join([first, *(piece for pair in zip(put_in, others, strict=True) for piece in pair)])
