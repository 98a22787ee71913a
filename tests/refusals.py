"""What an error must be: its words, and its exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.core.errors import ExitCode, PipelineError


@contextmanager
def refuses(match: str = "", code: ExitCode | None = None, **parts: str) -> Iterator[None]:
    """A PipelineError that matches, with this exit code and these words in its parts.

    Args:
        match: a regular expression for the whole text.
        code: the exit code, where it matters.
        parts: words that must be in `what`, `why` or `next_step`.
    """
    with pytest.raises(PipelineError, match=match or None) as caught:
        yield
    assert code is None or caught.value.exit_code == code
    for name, words in parts.items():
        assert words in getattr(caught.value, name)
