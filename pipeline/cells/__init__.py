"""Recurrent cells: their operators, and the integers that define their bytes."""
