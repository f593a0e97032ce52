"""What a run needs of whoever shows how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from conformance.report.results import Windows


class Progress(Protocol):
    """Shows how far a wave is."""

    def begin(self, text: str) -> None:
        """A wave begins."""

    def advance(self, waves: Sequence[Windows]) -> None:
        """All waves, those too that have not begun, and how far each is."""

    def tell(self, text: str) -> None:
        """Something is to be said of it."""

    def end(self, text: str) -> None:
        """It has ended."""
