"""Where the page of a run goes."""

from __future__ import annotations

from pathlib import Path

from conformance.report.jsonl import rows_of
from conformance.report.results import Results
from conformance.report.took import Took


class PageFile:
    """The file of a page.

    Attributes:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        """Try whether it can be written; what an earlier run left there is taken away at once.

        Raises:
            OSError: It cannot.
        """
        self.path = path
        path.open("a", encoding="utf-8").close()
        if path.is_file():  # and no device
            path.unlink()

    def write(self, run: Results, *, selected: int, status: int, interrupted: str, took: Took) -> None:
        """Write the page; what is told is what `report.jsonl` has (`ReportFile.end`).

        Args:
            run: What to show.
            selected: How many tests were to be judged.
            status: The exit status of the run.
            interrupted: Why it did not come to its end; empty: it did.
            took: Where its time went.

        Raises:
            OSError: It cannot be written.
        """
        # templates take a moment to be read, and few runs have a page
        from conformance.html.page import page

        rows = rows_of(run, selected=selected, status=status, interrupted=interrupted, took=took)
        self.path.write_text(page(rows), encoding="utf-8")
