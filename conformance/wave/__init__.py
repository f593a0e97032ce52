"""A wave: one child process that stages all scenarios against one target and writes the record."""
