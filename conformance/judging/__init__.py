"""From evidence to verdict: what applies, what is compared, and what that amounts to."""
