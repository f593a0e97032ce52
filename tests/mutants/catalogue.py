"""All mutants by name, and the requirements that no mutant can prove."""

from __future__ import annotations

from collections.abc import Mapping

from .catalogue_codes import CODES
from .catalogue_crash import CRASH
from .catalogue_day import DAY
from .catalogue_delivery import DELIVERY
from .catalogue_dns import DNS
from .catalogue_form import FORM
from .catalogue_grid import GRID
from .catalogue_hosts import HOSTS
from .catalogue_innocent import INNOCENT
from .catalogue_lifetime import LIFETIME
from .catalogue_operations import OPERATIONS
from .catalogue_queue import QUEUE
from .catalogue_recipients import RECIPIENTS
from .catalogue_replies import REPLIES
from .catalogue_reports import REPORTS
from .catalogue_schedules import SCHEDULES
from .catalogue_text import TEXT
from .catalogue_tls import TLS
from .catalogue_tls_ladder import TLS_LADDER
from .mutant import Mutant

MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        *CODES,
        *TEXT,
        *QUEUE,
        *TLS,
        *TLS_LADDER,
        *DELIVERY,
        *GRID,
        *DNS,
        *HOSTS,
        *LIFETIME,
        *DAY,
        *REPORTS,
        *FORM,
        *RECIPIENTS,
        *REPLIES,
        *CRASH,
        *SCHEDULES,
        *OPERATIONS,
        *INNOCENT,
    )
}

# Requirements by id, and why nothing can be caught by them.
UNPROVEN: Mapping[str, str] = {
    "rfc/diagnostic-cause": "it is a MAY: what breaks it is reported and passes all the same",
    "ndr/status-inferred": "it is a MAY: what breaks it is reported and passes all the same",
}

__all__ = ["MUTANTS", "UNPROVEN", "Mutant"]
