"""Hand-made records: what a wave would have left behind, told event by event."""
