"""Progress of long work: a callback that gets a text."""

from __future__ import annotations

from collections.abc import Callable

OnStep = Callable[[str], None]
