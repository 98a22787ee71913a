"""Configs: their schema, how they are read, and their reference."""
