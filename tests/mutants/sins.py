"""All sins by name."""

from mutants import (
    sins_codes,
    sins_crash,
    sins_day,
    sins_delivery,
    sins_dns,
    sins_form,
    sins_grid,
    sins_hosts,
    sins_innocent,
    sins_innocent_day,
    sins_lifetime,
    sins_queue,
    sins_recipients,
    sins_reports,
    sins_text,
    sins_tls,
)
from mutants.patching import SINS

__all__ = [
    "SINS",
    "sins_codes",
    "sins_crash",
    "sins_day",
    "sins_delivery",
    "sins_dns",
    "sins_form",
    "sins_grid",
    "sins_hosts",
    "sins_innocent",
    "sins_innocent_day",
    "sins_lifetime",
    "sins_queue",
    "sins_recipients",
    "sins_reports",
    "sins_text",
    "sins_tls",
]
