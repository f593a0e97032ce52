"""A certificate: what a complete run found, signed, so that somebody else can check it without trusting who ran it."""
