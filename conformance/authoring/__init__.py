"""Commands for those who write an adapter: `mailflow-conformance new` and `mailflow-conformance check`."""
