"""Reads lines of records that version 0.1 of this suite wrote, in whose words some things had other names."""

from __future__ import annotations

from typing import Any

# Kinds of lines, and fields of the entries of a kind: the old name, and the new one.
_KINDS = {"snapshot": "queue_listing", "alertlook": "alert_listing"}
_FIELDS = {
    "staged": {"moments": "milestones", "acts": "operator_actions"},
    "reported": {"seen": "read_at"},
}


def in_new_words(row: Any) -> Any:
    """Return a line of a record as it would be written today; what is of today, or no entry, stays as it is.

    Args:
        row: What stands in the file: `kind` and `entry`.
    """
    match row:
        case {"kind": "event", "entry": {"layer": str(layer)}} if layer != "relay":
            return row  # as nearly all
        case {"kind": str(kind), "entry": dict(entry)} if kind in _KINDS:
            return {"kind": _KINDS[kind], "entry": entry}
        case {"kind": "event", "entry": {"layer": "relay", "fields": dict(fields), **rest}}:
            # it was not told to which of several instances that was done
            return {"kind": "event", "entry": {**rest, "layer": "relay", "fields": {"relay": 0, **fields}}}
        case {"kind": str(kind), "entry": dict(entry)} if kind in _FIELDS:
            names = _FIELDS[kind]
            return {"kind": kind, "entry": {names.get(name, name): value for name, value in entry.items()}}
    return row
