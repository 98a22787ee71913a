"""Texts with labels and one long text: read, split and numbered, or refused in words."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.file import load_section
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.tokens import MOST_BYTES, PADDING, UNKNOWN, Vocabulary, padded, tokens_of
from pipeline.datasets.characters import generation_dataset
from pipeline.datasets.imdb import unpack_imdb
from pipeline.datasets.sentiment import sentiment_dataset
from tests.refusals import refuses
from tests.texts import GENERATION, RHYME, SENTIMENT, write_reviews, write_rhymes


def sentiment_config(folder: Path, *settings: str) -> SentimentConfig:
    file = folder / "sentiment.yaml"
    file.write_text(SENTIMENT, "utf-8")
    return load_section(file, SentimentConfig, [f"data.path={folder / 'reviews'}", *settings])


def generation_config(path: Path, *settings: str) -> GenerationConfig:
    file = path.parent / "generation.yaml"
    file.write_text(GENERATION, "utf-8")
    return load_section(file, GenerationConfig, [f"data.path={path}", *settings])


def test_the_vocabulary_knows_nothing_of_what_is_held_out(tmp_path: Path) -> None:
    folder = write_reviews(tmp_path / "reviews", {"train": 40})
    held_out = {"label": 1, "text": "lovely unheard " * 100}
    for name in ("val", "test"):
        (folder / f"{name}.jsonl").write_text(json.dumps(held_out) + "\n", "utf-8")
    dataset = sentiment_dataset(sentiment_config(tmp_path))
    assert "lovely" in dataset.vocabulary.entries
    assert "unheard" not in dataset.vocabulary.entries
    assert {part: len(rows) for part, rows in dataset.inputs.items()} == {
        "train": 40,
        "validation": 1,
        "test": 1,
    }
    assert dataset.texts == (held_out["text"],)
    assert dataset.inputs["train"].shape == (40, 12)


def test_what_has_no_file_is_split_and_never_twice(tmp_path: Path) -> None:
    write_reviews(tmp_path / "reviews", {"train": 100})
    config = sentiment_config(tmp_path, "split.test=0.3", "split.validation=0.2")
    dataset = sentiment_dataset(config)
    sizes = {part: len(rows) for part, rows in dataset.inputs.items()}
    assert sizes == {"train": 50, "validation": 20, "test": 30}
    assert "30%" in dataset.split_note
    again = sentiment_dataset(config)
    other = sentiment_dataset(sentiment_config(tmp_path, "split.test=0.3", "split.seed=2"))
    assert again.texts == dataset.texts != other.texts
    assert again.fingerprint == dataset.fingerprint


def test_labels_may_be_names_and_files_be_packed(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    lines = [{"label": name, "text": name} for name in ("sad", "glad", "so-so")] * 10
    packed = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    (folder / "train.jsonl.gz").write_bytes(packed)
    dataset = sentiment_dataset(sentiment_config(tmp_path, "data.labels=[glad, sad, so-so]"))
    assert dataset.labels == ("glad", "sad", "so-so")
    for text, target in zip(dataset.texts, dataset.targets["test"], strict=True):
        assert dataset.labels[target] == text


def test_the_same_data_have_one_fingerprint_and_others_another(tmp_path: Path) -> None:
    write_reviews(tmp_path / "reviews", {"train": 40})
    first = sentiment_dataset(sentiment_config(tmp_path)).fingerprint
    write_reviews(tmp_path / "reviews", {"train": 40}, seed=2)
    assert sentiment_dataset(sentiment_config(tmp_path)).fingerprint != first


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it has no text"),
        (b"\n\n", "it has no text"),
        (b"\xff\xfe", "it has no text"),
        (b'{"label": 1, "text": "a"}\nnot json\n', ":2 cannot be used: a line is"),
        (b'{"label": 1}\n', "it has only one column"),
        (b'{"label": 1, "text": "a \\ud83d"}\n', ":1 cannot be used: its text contains half a"),
        (b'{"label": 1, "text": "a \\u0000"}\n', "its text contains a NUL"),
        (b'{"label": 1, "text": "a"}\n' * 9, "all its texts have the label '1'"),
    ],
)
def test_a_file_that_cannot_be_trained_on(tmp_path: Path, content: bytes, words: str) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    (folder / "train.jsonl").write_bytes(content)
    with pytest.raises(PipelineError) as caught:
        sentiment_dataset(sentiment_config(tmp_path))
    assert words in str(caught.value)


def test_a_damaged_archive_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    packed = gzip.compress(b'{"label": 1, "text": "a"}\n' * 9, mtime=0)
    (folder / "train.jsonl.gz").write_bytes(packed[:10] + b"\xff" + packed[11:])
    with pytest.raises(PipelineError, match="it cannot be read"):
        sentiment_dataset(sentiment_config(tmp_path))


def test_texts_without_a_letter_are_learned_as_characters(tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    lines = [{"label": number % 2, "text": (":-(", ":-)")[number % 2]} for number in range(20)]
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    with refuses("no words to train on", next_step="text.level: characters"):
        sentiment_dataset(sentiment_config(tmp_path))
    dataset = sentiment_dataset(sentiment_config(tmp_path, "text.level=characters"))
    assert set(dataset.vocabulary.entries) == set(":-()")


def test_a_folder_without_texts_says_how_to_get_some(tmp_path: Path) -> None:
    with refuses("no train", next_step="gesture data get imdb"):
        sentiment_dataset(sentiment_config(tmp_path))


def archive_of(members: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return stream.getvalue()


def test_the_published_archive_becomes_three_files(tmp_path: Path) -> None:
    """Ten reviews a folder: the last two of train, by number, are for validation."""
    members = {"aclImdb/README": "not a review", "aclImdb/train/unsup/1_0.txt": "nor this"}
    for part in ("train", "test"):
        for label in ("neg", "pos"):
            for number in range(10):
                text = f"{part} {label} {number}"
                members[f"aclImdb/{part}/{label}/{number}_{number}.txt"] = text
    archive = tmp_path / "aclImdb_v1.tar.gz"
    archive.write_bytes(archive_of(members))
    unpack_imdb(archive, tmp_path / "imdb")
    found = {
        part: [
            json.loads(line) for line in gzip.decompress(packed.read_bytes()).decode().splitlines()
        ]
        for part in ("train", "val", "test")
        for packed in [tmp_path / "imdb" / f"{part}.jsonl.gz"]
    }
    assert {part: len(lines) for part, lines in found.items()} == {
        "train": 16,
        "val": 4,
        "test": 20,
    }
    assert found["val"] == [
        {"label": label, "text": f"train {name} {number}"}
        for label, name in enumerate(("neg", "pos"))
        for number in (8, 9)
    ]
    first = (tmp_path / "imdb" / "train.jsonl.gz").read_bytes()
    unpack_imdb(archive, tmp_path / "again")
    assert (tmp_path / "again" / "train.jsonl.gz").read_bytes() == first


OTHER_ARCHIVE = archive_of({"aclImdb/README": "alone"})  # tells when it was made


@pytest.mark.parametrize(
    "content", [b"", b"text", OTHER_ARCHIVE], ids=["empty", "text", "other archive"]
)
def test_an_archive_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(content)
    with pytest.raises(PipelineError, match="is not the archive of reviews"):
        unpack_imdb(tmp_path / "a.tar.gz", tmp_path / "imdb")


def test_what_comes_next_is_the_text_shifted_by_one(tmp_path: Path) -> None:
    path = write_rhymes(tmp_path / "rhymes.txt", 1000)
    dataset = generation_dataset(generation_config(path))
    decode = dataset.vocabulary.decode
    text = path.read_text("utf-8")
    learned = "".join(decode(row) for row in dataset.inputs["train"])
    assert text.startswith(learned)
    assert len(learned) == 37 * 24  # of 900
    shifted = "".join(decode(row) for row in dataset.targets["train"])
    assert shifted == text[1 : len(learned) + 1]
    held_out = "".join(decode(row) for row in dataset.inputs["test"])
    assert text[900:].startswith(held_out)
    np.testing.assert_array_equal(dataset.inputs["validation"], dataset.inputs["test"])


def test_a_character_only_in_the_end_is_not_known(tmp_path: Path) -> None:
    path = write_rhymes(tmp_path / "rhymes.txt", 1000)
    path.write_text(path.read_text("utf-8") + "€" * 30, "utf-8")
    dataset = generation_dataset(generation_config(path))
    assert sorted(dataset.vocabulary.entries) == sorted(set(RHYME))


def test_line_ends_of_windows_are_line_ends(tmp_path: Path) -> None:
    path = write_rhymes(tmp_path / "rhymes.txt", 1000)
    plain = generation_dataset(generation_config(path)).fingerprint
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert generation_dataset(generation_config(path)).fingerprint == plain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\xff" * 1000, "cannot be read as text"),
        (b"a\nb\n\0" * 100, "line 3 contains a NUL"),
        (b"too short", "is too short: its test part has 1 character, and 49 are needed"),
        (b"a" * 480, "use a text of 490 characters or more"),
    ],
)
def test_a_text_that_cannot_be_trained_on(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(PipelineError) as caught:
        generation_dataset(generation_config(path))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("data.labels=[good, good]", "data.labels: one of them is there twice"),
        (f"data.labels={[f'label{i}' for i in range(61)]}", "data.labels: "),
        ("text.embedding=256", "text.embedding: "),
    ],
    ids=["twice", "too many", "too wide"],
)
def test_what_no_board_takes_is_refused_before_training(
    tmp_path: Path, setting: str, words: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        sentiment_config(tmp_path, setting)
    assert words in str(caught.value)


def test_more_characters_than_a_board_has_outputs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "signs.txt"
    path.write_text("".join(chr(0x4E00 + i) for i in range(253)) * 10, "utf-8")
    with refuses("253 different characters", next_step="text.max_characters=254"):
        generation_dataset(generation_config(path))
    few = generation_dataset(generation_config(path, "text.max_characters=254"))
    assert few.vocabulary.size == 254
    with pytest.raises(PipelineError, match=r"text\.max_characters"):
        generation_config(path, "text.max_characters=255")


def test_a_folder_stands_for_the_one_text_in_it(tmp_path: Path) -> None:
    folder = write_rhymes(tmp_path / "plays" / "one.txt", 1000).parent
    assert generation_dataset(generation_config(folder)).split_note.startswith("the last 10%")
    write_rhymes(folder / "two.txt", 1000)
    with pytest.raises(PipelineError, match=r"there are 2 \.txt files"):
        generation_dataset(generation_config(folder))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's a FILM, isn't it?", ["it's", "a", "film", "isn't", "it"]),
        ("10/10 -- would watch_again", ["10", "10", "would", "watch", "again"]),
        ("naïve Ünder CAFÉ", ["naïve", "ünder", "café"]),
        ("e\u0301te\u0301 E\u0301TE\u0301", ["été", "été"]),
        ("don\u2019t L\u2019\u00c9T\u00c9", ["don't", "l'été"]),
        ("Straße ΟΔΟΣ οδος Привет-МИР", ["straße", "οδοσ", "οδοσ", "привет", "мир"]),
        ("नमस्ते दुनिया।", ["नमस्ते", "दुनिया"]),
        ("東京タワー、hello世界", [*"東京タワー", "hello", *"世界"]),
        ("\u212aelvin \u0130zmir", ["kelvin", "izmir"]),
        ("so ❤️ good 😀", ["so", "good"]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_are_of_letters_of_any_script(text: str, words: list[str]) -> None:
    assert tokens_of(text, "words") == words


def test_characters_are_as_they_are() -> None:
    assert tokens_of("Aé\n€", "characters") == ["A", "é", "\n", "€"]


def test_the_most_frequent_come_first_and_equal_ones_by_alphabet() -> None:
    vocabulary = Vocabulary.fit(["b a c", "c a c", "d"], "words", None)
    assert vocabulary.entries == ("c", "a", "b", "d")
    assert vocabulary.size == 6
    assert vocabulary.encode("D a nothing C").tolist() == [5, 3, UNKNOWN, 2]


def test_a_size_counts_padding_and_the_unknown() -> None:
    vocabulary = Vocabulary.fit(["b a c c a c d"], "words", 4)
    assert vocabulary.size == 4
    assert vocabulary.entries == ("c", "a")
    assert vocabulary.encode("b").tolist() == [UNKNOWN]


def test_a_word_that_no_board_looks_up_is_none_of_the_vocabulary() -> None:
    longest = "a" * MOST_BYTES
    vocabulary = Vocabulary.fit([f"{longest} {longest}a"], "words", None)
    assert vocabulary.entries == (longest,)


def test_characters_decode_to_the_text_again() -> None:
    text = "O, Romeo!\nWherefore"
    vocabulary = Vocabulary.fit([text], "characters", None)
    numbers = vocabulary.encode(text)
    assert vocabulary.decode([PADDING, *numbers]) == text
    assert vocabulary.decode([UNKNOWN]) == "\ufffd"
    assert vocabulary.unseen("Romeo zz€") == ["z", "€"]


@pytest.mark.parametrize(
    ("padding", "truncating", "short", "long"),
    [
        ("pre", "pre", [0, 0, 7, 8], [3, 4, 5, 6]),
        ("post", "pre", [7, 8, 0, 0], [3, 4, 5, 6]),
        ("pre", "post", [0, 0, 7, 8], [2, 3, 4, 5]),
        ("post", "post", [7, 8, 0, 0], [2, 3, 4, 5]),
    ],
)
def test_texts_are_filled_up_and_cut_at_the_ends_that_are_named(
    padding: str, truncating: str, short: list[int], long: list[int]
) -> None:
    texts = [np.array([7, 8]), np.array([2, 3, 4, 5, 6]), np.array([], int)]
    found = padded([text.astype(np.int32) for text in texts], 4, padding, truncating)
    assert found.tolist() == [short, long, [0, 0, 0, 0]]
    assert found.dtype == np.int32


def test_it_is_read_back_only_where_it_is_the_one_of_the_run(tmp_path: Path) -> None:
    file = tmp_path / "vocabulary.json"
    vocabulary = Vocabulary.fit(['über café \n\t\\ " \u2028'], "characters", None)
    vocabulary.save(file)
    assert Vocabulary.load(file, vocabulary.sha256()) == vocabulary
    for content in (file.read_bytes().replace(b"b", b"c"), b"[]", b'{"level": 3}', b"\xff"):
        file.write_bytes(content)
        with refuses(code=ExitCode.MISMATCH):
            Vocabulary.load(file, vocabulary.sha256())
    file.unlink()
    with pytest.raises(PipelineError, match="is not the vocabulary"):
        Vocabulary.load(file, vocabulary.sha256())
