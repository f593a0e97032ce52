"""Views of verdicts and evidence: JSON lines first, the terminal is another view of the same."""
