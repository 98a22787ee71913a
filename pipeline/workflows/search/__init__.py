"""Searching for a network: what to try next, what it costs, how good it is."""
