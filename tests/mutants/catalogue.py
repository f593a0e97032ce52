"""All mutants by name, and the requirements that no mutant can prove."""

from __future__ import annotations

from collections.abc import Mapping

from .mutant import Mutant
from .mutations import find_all

MUTANTS: Mapping[str, Mutant] = {mutant.name: mutant.looked_up() for mutant in find_all()}

# Requirements by id, and why nothing can be caught by them.
UNPROVEN: Mapping[str, str] = {
    "rfc/diagnostic-cause": "it is a MAY: what breaks it is reported and passes all the same",
    "ndr/status-inferred": "it is a MAY: what breaks it is reported and passes all the same",
}

__all__ = ["MUTANTS", "UNPROVEN", "Mutant"]
