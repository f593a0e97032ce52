"""Adapters for real relays, and what is known of each: waivers, which its session of nox judges it with."""
