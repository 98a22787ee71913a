"""Numbers of things in words."""

from __future__ import annotations


def counted(number: int, what: str, several: str | None = None) -> str:
    """`1 take`, `12,000 takes`. several: the plural where it is not `what` with an s."""
    return f"{number:,} {what if number == 1 else several or f'{what}s'}"
