"""Waivers: what is known to be wrong with a relay, tolerated for a time and for a reason; read from a file of TOML."""

from conformance.waivers.reading import KNOWN_FILES, NAME, WaiverError, load
from conformance.waivers.waiver import Waiver, Waivers

__all__ = ["KNOWN_FILES", "NAME", "Waiver", "WaiverError", "Waivers", "load"]
