"""A bout has what is said of it: which gestures, how often, how fast, in which order, of whom."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.caption_settings import CaptionConfig
from pipeline.config.file import load_section
from pipeline.core.artifacts import Float32, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.bout_words import BoutPart, as_sentence, caption_of
from pipeline.datasets.bouts import Bouts, as_bout, make_bouts
from pipeline.datasets.streams import runs_of
from pipeline.training.models import nearest_window
from tests.takes import RATE_HZ, save_all, take, takes

PEOPLE = ("anna", "ben", "cara", "dirk")
STRENGTH_DPS = {"punch": 200.0, "flex": 400.0, "wave": 600.0}  # by which a gesture is told
LOUD = 100.0  # deg/s; a rest is weaker
TAKE_S = 60 / RATE_HZ


def marked(label: str, number: int, person: str) -> Recording:
    """A take that turns with one rate from its first to its last sample."""
    made = take(label, number, person)
    samples = np.zeros((len(made), 6), np.float32)
    samples[:, 2] = 1.0
    samples[:, 3:] = STRENGTH_DPS[label] * (1 + 0.01 * PEOPLE.index(person))
    return Recording(**{**made.__dict__, "samples": samples})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = [
        marked(label, number, person)
        for label in STRENGTH_DPS
        for person in PEOPLE
        for number in range(1, 4)
    ]
    return save_all(tmp_path_factory.mktemp("marked") / "data", made)


def config_of(path: Path, *settings: str) -> CaptionConfig:
    file = path.parent / "caption.yaml"
    small = "{seconds: 14, rest_s: [0.8, 1], training: 20, testing: 15}"
    file.write_text(f"{{task: caption, data: {{path: {path}}}, bouts: {small}}}", "utf-8")
    return load_section(file, CaptionConfig, settings)


def bouts_of(path: Path, *settings: str) -> Bouts:
    config = config_of(path, *settings)
    return make_bouts(config, partial(nearest_window, config.model.encoder))


def heard(samples: Float32, person: str) -> list[tuple[str, float]]:
    """The gestures of a bout of marked takes, by its samples alone, and the seconds of each."""
    turning = samples[:, 3] / (1 + 0.01 * PEOPLE.index(person))
    found = []
    for start, stop in runs_of(turning > LOUD):
        turned = float(np.median(turning[start:stop]))
        label = min(STRENGTH_DPS, key=lambda one: abs(STRENGTH_DPS[one] - turned))
        found.append((label, (stop - start) / RATE_HZ))
    return found


def test_samples_have_what_the_parts_say(dataset: Path) -> None:
    bouts = bouts_of(dataset)
    tempos = {"quick": 0.5, "normal": 1.0, "slow": 2.0}
    for part in ("validation", "test"):  # training is augmented
        for samples, parts, person in zip(
            bouts.samples[part], bouts.parts[part], bouts.people[part], strict=True
        ):
            expected = [one for one in parts for _ in range(one.repeats)]
            gestures = heard(samples, person)
            assert [label for label, _ in gestures] == [one.label for one in expected]
            for (_, seconds), one in zip(gestures, expected, strict=True):
                fade_s = 0.3  # from rest into a gesture and out of it
                assert seconds == pytest.approx(tempos[one.speed] * TAKE_S, abs=fade_s)


def test_a_bout_is_one_persons_and_the_tested_people_do_not_train(dataset: Path) -> None:
    bouts = bouts_of(dataset)
    people = {part: set(names) for part, names in bouts.people.items()}
    assert set.union(*people.values()) == set(PEOPLE)
    assert sum(map(len, people.values())) == len(PEOPLE)
    assert all(name in bouts.split_note for name in people["test"])


def test_every_kind_of_bout_is_made(dataset: Path) -> None:
    bouts = bouts_of(dataset, "bouts.training=100", "bouts.testing=1")
    parts = bouts.parts["train"]
    assert bouts.samples["train"].shape == (100, bouts.samples["test"].shape[1], 6)
    assert Counter(map(len, parts)).keys() == {1, 2, 3}
    assert {one.speed for own in parts for one in own} == {"quick", "normal", "slow"}
    assert {one.repeats for own in parts for one in own} == {1, 2, 3}
    pairs = [(a, b) for own in parts for a, b in pairwise(own)]
    assert not [1 for a, b in pairs if (a.label, a.speed) == (b.label, b.speed)]


def test_the_same_config_makes_the_same_bouts(dataset: Path) -> None:
    first, again = bouts_of(dataset), bouts_of(dataset)
    other = bouts_of(dataset, "bouts.seed=2")
    assert first.samples["train"].tobytes() == again.samples["train"].tobytes()
    assert first.parts["train"] != other.parts["train"]


def test_one_persons_takes_are_split(tmp_path: Path) -> None:
    folder = save_all(tmp_path / "mine", takes(["flex", "punch"], each=4))
    bouts = bouts_of(folder, "bouts.seconds=20")
    assert "of the takes of each gesture" in bouts.split_note
    assert all(set(names) == {"anna"} for names in bouts.people.values())
    few = save_all(tmp_path / "few", takes(["flex", "punch"], each=2))
    with pytest.raises(PipelineError, match="There are 2 takes of flex, and 3 are needed"):
        bouts_of(few)


def test_what_does_not_fit_is_said(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"No bout of \d parts fits into 1 s") as caught:
        bouts_of(dataset, "bouts.seconds=1")
    assert "bouts.seconds higher" in caught.value.next_step
    one = save_all(tmp_path / "one", takes(["punch", "idle"]))
    with pytest.raises(PipelineError, match="fewer than two gestures"):
        bouts_of(one)


def test_a_caption_is_a_sentence() -> None:
    parts = [
        BoutPart("punch", 2, "quick"),
        BoutPart("flex", 1, "slow"),
        BoutPart("wave", 3, "normal"),
    ]
    assert caption_of(parts) == "two quick punch, then a slow flex, then three wave"
    assert as_sentence("two punch then a wave") == "two punch, then a wave"


def test_the_end_of_a_recording_is_read() -> None:
    long = take("stream", n=1000)
    assert as_bout(long, long.channels, RATE_HZ, 400).tolist() == long.samples[-400:].tolist()
    half = as_bout(long, long.channels[:3], RATE_HZ / 2, 400)
    assert half.shape == (400, 3)
    short = take("stream", n=100)
    padded = as_bout(short, short.channels, RATE_HZ, 400)
    assert padded.shape == (400, 6)
    np.testing.assert_allclose(padded[298:398], short.samples, atol=2e-3)
    still = np.abs(np.linalg.norm(padded[:250, :3], axis=1) - 1)
    assert still.max() < 0.3, "a hand that holds still feels 1 g"
    with pytest.raises(PipelineError, match="has no channel gz"):
        as_bout(
            Recording(**{**short.__dict__, "channels": ("ax", "ay", "az", "gx", "gy", "g")}),
            short.channels,
            RATE_HZ,
            400,
        )
