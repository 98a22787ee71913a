"""From a hand moving a board to a board that calls the gesture by name."""

__version__ = "0.2.0"
