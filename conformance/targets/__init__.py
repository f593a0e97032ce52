"""Adapters: one relay a file, and what they share."""
