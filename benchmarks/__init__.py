"""Commands that make the figures of docs/results.md, one file an area."""
