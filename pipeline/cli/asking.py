"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from rich.markup import escape

from pipeline.cli import console
from pipeline.datasets.similar_labels import SimilarLabelError

Result = TypeVar("Result")


def can_ask(as_json: bool) -> bool:
    """Whether somebody reads and answers."""
    return not as_json and sys.stdin.isatty()


def is_confirmed(question: str) -> bool:
    """Ask a question; anything but yes is no."""
    console.err.print(f"{escape(question)} [dim](y/N)[/]", end=" ", soft_wrap=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def answer_to(question: str) -> str:
    """Ask for words; empty where nothing is typed."""
    console.err.print(f"{escape(question)}:", end=" ", soft_wrap=True)
    return sys.stdin.readline().strip()


def ask_about_label(do: Callable[[bool], Result], new_label: bool, as_json: bool) -> Result:
    """Do something under a label; ask where it is nearly one that is there.

    Args:
        do: takes whether a new label is meant.
        new_label: whether it is, by --new-label.
        as_json: nobody is asked.

    Raises:
        SimilarLabelError: nobody can be asked, or the answer is no.
    """
    try:
        return do(new_label)
    except SimilarLabelError as error:
        if not can_ask(as_json) or not is_confirmed(f"{error.what} Is another gesture meant?"):
            raise
    return do(True)
