"""What happened: the record a wave leaves, and read-only views of it."""
