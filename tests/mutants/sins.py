"""All sins by name."""

from mutants import sins_codes, sins_crash, sins_delivery, sins_queue, sins_text, sins_tls
from mutants.patching import SINS

__all__ = ["SINS", "sins_codes", "sins_crash", "sins_delivery", "sins_queue", "sins_text", "sins_tls"]
