"""Adapters that are declared, not programmed: `--target=myrelay.toml`.

`format.py` says what may stand in such a file, `reading.py` reads it and tells all mistakes at once, `relay.py` starts
and asks the relay as it says. docs/declarative-adapters.md is for those who write one.
"""
