"""Runs of text models as training leaves them, small and untrained: `python text_runs.py FOLDER`.

In a process of their own, which alone loads TensorFlow.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts import RunFolder
from pipeline.config_models import RecurrentConfig
from pipeline.contract import Channel, Contract, Hashes, Scaling, VocabularyFacts
from pipeline.training.models import Head, Source, build

EMBEDDING, WINDOW = 8, 20
ALPHABET = tuple("\n abcdefghijklmnopqrstuvwxyzé.,:")
WORDS = tuple(f"{a}{b}" for a in "bdfgklmn" for b in ("a", "e", "i", "o", "at", "it"))
LABELS = ("negative", "positive")


def main(folder: Path) -> None:
    write_run(folder / "writer", "characters", ALPHABET)
    write_run(folder / "judge", "words", WORDS)


def write_run(path: Path, level: Any, entries: tuple[str, ...]) -> None:
    import keras

    keras.utils.set_random_seed(3)
    run = RunFolder(path)
    path.mkdir(parents=True)
    size, generates = len(entries) + 2, level == "characters"
    head = Head(size, "linear", every_step=True) if generates else Head(len(LABELS))
    config = RecurrentConfig(kind="gru", downsample=1, units=(12, 9) if generates else (10,))
    network = build(config, Source(WINDOW, EMBEDDING, size), head)
    network.set_weights([3 * values for values in network.get_weights()])  # decided outputs
    network.save(run.keras_file)
    noise = np.random.default_rng(4)
    tokens = {part: noise.integers(0, size, (30, WINDOW)) for part in ("calibration", "test")}
    np.savez(
        run.windows_file,
        **tokens,
        test_targets=noise.integers(0, 2, 30),
        test_names=np.array([str(index) for index in range(30)]),
        test_scores=network.predict(tokens["test"], verbose=0),
    )
    text = json.dumps({"level": level, "entries": entries}, ensure_ascii=False, indent=0) + "\n"
    run.vocabulary_file.write_text(text, "utf-8")
    contract_of(level, text, size).save(run.contract_file)


def contract_of(level: Any, vocabulary: str, size: int) -> Contract:
    generates = level == "characters"
    return Contract(
        task="generation" if generates else "sentiment",
        channels=tuple(Channel(name=f"e{index}", unit="") for index in range(EMBEDDING)),
        rate_hz=0,
        window=WINDOW,
        hop=1 if generates else WINDOW,
        mode="streaming" if generates else "window",
        labels=() if generates else LABELS,
        scaling=Scaling(mean=(0.0,) * EMBEDDING, std=(1.0,) * EMBEDDING),
        vocabulary=VocabularyFacts(
            level=level,
            size=size,
            padding="pre",
            truncating="pre",
            sha256=hashlib.sha256(vocabulary.encode()).hexdigest(),
        ),
        hashes=Hashes(data="0" * 64, config="1" * 64),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
