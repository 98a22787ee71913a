"""Small texts to learn from, made here: their answers are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

GOOD = ("lovely", "bright", "moving", "great")
BAD = ("dull", "empty", "boring", "awful")
ANY = ("the", "film", "was", "and", "plot", "actors", "in", "it", "a", "scene")

RHYME = "the quick cat sat on the mat.\n"


def review(label: int, random: np.random.Generator) -> str:
    """Words of no meaning, and three that tell."""
    words = [*random.choice(ANY, 9), *random.choice((BAD, GOOD)[label], 3)]
    return " ".join(random.permutation(words)).capitalize() + "."


def write_reviews(folder: Path, counts: dict[str, int], seed: int = 1) -> Path:
    """A file of so many reviews for each name, as many good as bad."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for name, count in counts.items():
        lines = [{"label": i % 2, "text": review(i % 2, random)} for i in range(count)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


def write_rhymes(path: Path, characters: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((RHYME * (characters // len(RHYME) + 1))[:characters], "utf-8")
    return path


SENTIMENT = """\
task: sentiment
data: {path: data/reviews}
text: {max_words: 30, max_len: 12, embedding: 4}
model: {kind: gru, units: [6], dropout: 0}
fit: {epochs: 6, learning_rate: 0.05, batch_size: 8}
"""

GENERATION = """\
task: generation
data: {path: data/rhymes.txt}
text: {length: 24, embedding: 6}
model: {kind: gru, units: [24], dropout: 0}
fit: {epochs: 8, learning_rate: 0.05, batch_size: 4}
"""
