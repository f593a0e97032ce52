"""Judges the sending side of a mail relay. Adapter authors need `conformance.target` and nothing else."""

__version__ = "0.1.0"
