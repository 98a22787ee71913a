"""Text, as a person types it: train, predict, generate, and going on after a kill."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest

from pipeline.core.errors import ExitCode
from pipeline.core.run_folder import RunFolder
from tests.cli.commands import Ended, gesture, running
from tests.texts import GENERATION, SENTIMENT, write_reviews, write_rhymes

pytestmark = pytest.mark.xdist_group("text-commands")

LIMIT_S = 200  # for the first epochs, on a busy machine


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    write_reviews(folder / "data" / "reviews", {"train": 200, "val": 40, "test": 60})
    write_rhymes(folder / "data" / "rhymes.txt", 2500)
    (folder / "sentiment.yaml").write_text(SENTIMENT, "utf-8")
    (folder / "generation.yaml").write_text(GENERATION, "utf-8")
    return folder


@pytest.fixture(scope="module")
def classifier(place: Path) -> Ended:
    return gesture("train", "sentiment.yaml", "--run", "runs/reviews", cwd=place)


@pytest.fixture(scope="module")
def writer(place: Path) -> Ended:
    """Killed after some epochs, and gone on with."""
    run = RunFolder(place / "runs" / "writer")
    with running("train", "generation.yaml", "--run", run.path, cwd=place) as process:
        until = time.monotonic() + LIMIT_S
        while not run.checkpoint_file.exists() and time.monotonic() < until:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait(LIMIT_S)
    assert not run.contract_file.exists()
    anew = gesture("train", "generation.yaml", "--run", run.path, cwd=place, code=ExitCode.USAGE)
    assert f"continue it with `gesture train --resume {run.path}`" in anew.said
    return gesture("train", "--resume", "runs/writer", "--json", cwd=place)


def test_a_killed_training_goes_on_to_its_end(place: Path, writer: Ended) -> None:
    assert writer.code == 0, writer.err
    metrics = json.loads((place / "runs" / "writer" / "metrics.json").read_text("utf-8"))
    numbers = [epoch["number"] for epoch in metrics["epochs"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert metrics["loss"] < 0.5
    said = {figure["name"]: figure["unit"] for figure in writer.json["figures"]}
    assert said == {"loss": "nats a character", "loss in bits": "bits a character"}
    again = gesture("train", "--resume", "runs/writer", cwd=place, code=ExitCode.USAGE)
    assert "runs/writer is trained already" in again.said


@pytest.mark.parametrize("words", [(), ("sentiment.yaml", "--resume", "x")])
def test_a_config_or_a_run_to_go_on_with(place: Path, words: tuple[str, ...]) -> None:
    ended = gesture("train", *words, cwd=place, code=ExitCode.USAGE)
    assert "needs a config, or a run to go on with, and not both" in ended.said


def test_it_says_what_a_text_is(place: Path, classifier: Ended) -> None:
    assert classifier.code == 0, classifier.err
    assert "of 60 held out" in classifier.said
    texts = ("A lovely, moving zebra of a film", "the plot was dull and empty and awful")
    ended = gesture("predict", "runs/reviews", *texts, cwd=place)
    first, second = ended.out.splitlines()
    assert first.startswith("positive ")
    assert first.endswith("%  A lovely, moving zebra of a film")
    assert second.startswith("negative ")
    assert "not known to it: zebra, of" in ended.said
    said = gesture("predict", "runs/reviews", "dull " * 20, "--json", cwd=place).json["texts"]
    assert said[0]["label"] == "negative"
    assert (said[0]["tokens"], said[0]["left_out"], said[0]["int8"]) == (20, 8, False)
    assert sum(said[0]["scores"].values()) == pytest.approx(1, abs=1e-5)


def test_it_writes_on(place: Path, writer: Ended) -> None:
    ask = ("generate", "runs/writer", "--prompt", "the quick", "--length", "60")
    likeliest = gesture(*ask, "--temperature", "0", cwd=place)
    assert likeliest.out.startswith("the quick cat sat on the ")
    assert "float network, " in likeliest.err
    assert "bits a character" in likeliest.err
    cold = gesture(*ask, "--temperature", "0.0001", "--json", cwd=place).json
    assert "the quick" + cold["text"] + "\n" == likeliest.out
    assert len(cold["text"]) == 60
    hot = [gesture(*ask, "--temperature", "5", "--seed", seed, cwd=place).out for seed in "112"]
    assert hot[0] == hot[1] != hot[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompt", "the Zcat €"), "characters that are not in the vocabulary: 'Z', '€'"),
        (("--prompt", ""), "The prompt is empty"),
        (("--prompt", "the", "--temperature", "7"), "A temperature of 7"),
        (("--prompt", "the", "--temperature", "0.00001"), "A temperature of 1e-05"),
        (("--prompt", "the", "--temperature", "nan"), "A temperature of nan"),
        (("--prompt", "the", "--length", "0"), "0 characters cannot be generated"),
    ],
)
def test_what_cannot_be_written_is_reported(
    place: Path, writer: Ended, words: tuple[str, ...], said: str
) -> None:
    ended = gesture("generate", "runs/writer", *words, cwd=place, code=ExitCode.USAGE)
    assert said in ended.said
    assert "Traceback" not in ended.said


def test_each_task_has_its_own_commands(place: Path, classifier: Ended, writer: Ended) -> None:
    ended = gesture("generate", "runs/reviews", "--prompt", "the", cwd=place, code=ExitCode.USAGE)
    assert "runs/reviews is a run for sentiment" in ended.said
    ended = gesture("predict", "runs/writer", "the", cwd=place, code=ExitCode.USAGE)
    assert "runs/writer is a run for generation" in ended.said


def test_a_run_of_text_is_listed_and_reported(
    place: Path, classifier: Ended, writer: Ended
) -> None:
    for name in ("reviews", "writer"):
        gesture("report", f"runs/{name}", cwd=place)
    page = (place / "runs" / "reviews" / "report.html").read_text("utf-8")
    assert "held-out texts were classified correctly" in page
    page = (place / "runs" / "writer" / "report.html").read_text("utf-8")
    for words in ("the next character of held-out text", "temperature 0.0001", "sat on the"):
        assert words in page
    assert "reviews" in gesture("runs", "list", cwd=place).said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("task: sentimant\ndata: {path: x}\n", "there is no task `sentimant`"),
        (
            "task: generation\ndata: {path: x}\nmodel: {kind: conv1d}\n",
            "conv1d cannot generate text: it has no state",
        ),
        (
            "task: generation\ndata: {path: x}\nmodel: {kind: gru, downsample: 2}\n",
            "model.downsample averages characters",
        ),
        (
            "task: sentiment\ndata: {path: x}\nwindow: {length: 8}\n",
            "window: unknown key; sentiment has task, fit, data, text, split, model",
        ),
        (
            "task: gesture\ndata: {path: x}\ntext: {max_len: 8}\n",
            "text: unknown key; gesture has",
        ),
        ("task: sentiment\ndata: {path: nowhere}\n", "There are no texts in nowhere"),
        ("task: generation\ndata: {path: nowhere}\n", "There is no .txt file at nowhere"),
    ],
)
def test_a_task_with_what_is_another_task_s_is_refused_before_any_work(
    place: Path, content: str, said: str
) -> None:
    (place / "mixed.yaml").write_text(content, "utf-8")
    assert said in gesture("train", "mixed.yaml", cwd=place, code=ExitCode.USAGE).said
    assert not (place / "runs" / "mixed").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ...", ["nothing to classify in ' ...'"]),
        ("a good caf\udce9", ["'a good caf\\udce9' is not UTF-8", "its byte 0xe9"]),
    ],
)
def test_a_text_that_cannot_be_classified_is_refused(
    place: Path, classifier: Ended, text: str, words: list[str]
) -> None:
    refused = gesture(
        "predict", "runs/reviews", "a good film", text, cwd=place, code=ExitCode.USAGE
    )
    assert all(word in refused.said for word in words)
