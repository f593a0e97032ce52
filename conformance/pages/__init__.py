"""Pages of the manual that are made from the same data as the verdicts: `python -m conformance.pages docs`."""
