"""The stages, as tables of contents: each joins rooms that do not know each other."""
