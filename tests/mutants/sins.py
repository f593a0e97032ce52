"""All sins by name."""

from mutants import (
    sins_alerts,
    sins_codes,
    sins_crash,
    sins_day,
    sins_delivery,
    sins_form,
    sins_innocent,
    sins_innocent_day,
    sins_lifetime,
    sins_operations,
    sins_queue,
    sins_recipients,
    sins_reports,
    sins_text,
    sins_tls,
)
from mutants.patching import SINS

__all__ = [
    "SINS",
    "sins_alerts",
    "sins_codes",
    "sins_crash",
    "sins_day",
    "sins_delivery",
    "sins_form",
    "sins_innocent",
    "sins_innocent_day",
    "sins_lifetime",
    "sins_operations",
    "sins_queue",
    "sins_recipients",
    "sins_reports",
    "sins_text",
    "sins_tls",
]
