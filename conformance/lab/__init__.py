"""Where a wave runs: on loopback, or in a network namespace of its own."""
