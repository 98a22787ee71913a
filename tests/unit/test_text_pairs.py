"""Pairs of texts: what files bring, how they are split, and what a network is given of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline.config.file import load_section
from pipeline.config.translation_settings import TranslationConfig
from pipeline.core.errors import PipelineError
from pipeline.core.pairs import END, Pair, before, numbered, until_end, written_weights
from pipeline.core.tokens import Vocabulary
from pipeline.datasets.text_pairs import read_pairs
from pipeline.datasets.translation import translation_dataset

PAIRS = [(f"number {n}", str(n)) for n in range(40)]


def config_of(path: Path, *settings: str) -> TranslationConfig:
    file = path.parent / "translation.yaml"
    file.write_text(f"{{task: translation, data: {{path: {path}}}}}", "utf-8")
    return load_section(file, TranslationConfig, settings)


def written(file: Path, rows: list[tuple[str, ...]], separator: str = "\t") -> Path:
    file.write_text("".join(separator.join(row) + "\n" for row in rows), "utf-8")
    return file


def pairs_of(path: Path, *settings: str) -> list[Pair]:
    return list(read_pairs(config_of(path, *settings).data).parts["train"])


def test_a_table_without_a_header_has_source_and_target_in_its_first_columns(
    tmp_path: Path,
) -> None:
    rows = [(*pair, "CC-BY 2.0") for pair in PAIRS]
    found = read_pairs(config_of(written(tmp_path / "fra.txt", rows)).data)
    assert list(found.parts["train"]) == PAIRS
    assert found.noted == ("the first two of 3 columns are used",)


@pytest.mark.parametrize("header", [("target", "source"), ("tgt", "id", "src")])
def test_a_known_header_says_which_column_is_which(tmp_path: Path, header: tuple[str, ...]) -> None:
    rows = [tuple(reversed(pair)) for pair in PAIRS]
    if len(header) == 3:
        rows = [(row[0], "7", row[1]) for row in rows]
    assert pairs_of(written(tmp_path / "train.tsv", [header, *rows])) == PAIRS


def test_columns_are_named_by_a_header_or_by_numbers(tmp_path: Path) -> None:
    rows = [(str(n), b, a) for n, (a, b) in enumerate(PAIRS)]
    table = written(tmp_path / "named.csv", [("id", "digits", "words"), *rows], ",")
    assert pairs_of(table, "data.source=words", "data.target=digits") == PAIRS
    table = written(tmp_path / "plain.csv", rows, ",")
    assert pairs_of(table, "data.source='3'", "data.target='2'") == PAIRS
    with pytest.raises(PipelineError, match="no column 'wrods'"):
        pairs_of(tmp_path / "named.csv", "data.source=wrods", "data.target=digits")


def test_two_aligned_files_a_part_are_read_line_by_line(tmp_path: Path) -> None:
    for part, some in (("train", PAIRS[:30]), ("val", PAIRS[30:35]), ("test_2016", PAIRS[35:])):
        for side, ending in enumerate(("en", "de")):
            text = "".join(f"{pair[side]}\n" for pair in some)
            (tmp_path / f"{part}.{ending}.gz").write_bytes(gzip.compress(text.encode()))
    config = config_of(tmp_path, "data.source=en", "data.target=de")
    found = read_pairs(config.data).parts
    assert {part: list(pairs) for part, pairs in found.items()} == {
        "train": PAIRS[:30],
        "validation": PAIRS[30:35],
        "test": PAIRS[35:],
    }


def test_files_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "train.en").write_text("one\ntwo\n")
    (tmp_path / "train.de").write_text("eins\n")
    config = config_of(tmp_path, "data.source=en", "data.target=de")
    with pytest.raises(PipelineError, match=r"train\.en has 2 lines, train.de 1"):
        read_pairs(config.data)
    (tmp_path / "train.de").unlink()
    with pytest.raises(PipelineError, match="its translation has no file"):
        read_pairs(config.data)


def test_lines_without_one_of_the_texts_are_left_out_and_counted(tmp_path: Path) -> None:
    table = written(tmp_path / "pairs.tsv", [*PAIRS, ("nothing", " "), ("", "x")])
    found = read_pairs(config_of(table).data)
    assert list(found.parts["train"]) == PAIRS
    assert "left out: 2 lines" in found.noted[0]
    assert found.noted[0].endswith("pairs.tsv:41")


def test_too_few_pairs_are_refused(tmp_path: Path) -> None:
    table = written(tmp_path / "few.tsv", PAIRS[:4] * 20)
    with pytest.raises(PipelineError, match="4 different pairs; 10 are needed"):
        translation_dataset(config_of(table))


def test_what_shares_a_text_is_on_one_side_of_the_split(tmp_path: Path) -> None:
    """Five ways to write a number, of which two are ways to write two numbers."""
    rows = [(f"{word} {n}", str(n)) for n in range(60) for word in ("number", "no", "nr")]
    rows += [(f"either {n // 2}", str(n)) for n in range(60)]
    dataset = translation_dataset(config_of(written(tmp_path / "ways.tsv", rows)))
    seen = {
        part: {tuple(row) for row in np.concatenate([dataset.targets[part]]).tolist()}
        for part in ("train", "validation", "test")
    }
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["validation"]
    sources = {part: set(map(tuple, rows.tolist())) for part, rows in dataset.sources.items()}
    assert not sources["train"] & sources["test"]


def test_texts_that_are_too_long_are_said(tmp_path: Path) -> None:
    table = written(tmp_path / "pairs.tsv", PAIRS)
    dataset = translation_dataset(config_of(table, "text.max_len=8", "text.max_written=1"))
    assert "cut to 8 characters (text.max_len): 30 texts" in dataset.note
    assert "cut to 1 character (text.max_written): 30 texts" in dataset.note


def test_a_loss_counts_each_token_and_one_end() -> None:
    vocabulary = Vocabulary.fit(["ab"], "characters", None)
    targets, cut = numbered(["ab", "a", "abab"], vocabulary, 4)
    assert cut == 0
    assert before(targets).tolist() == [[0, 2, 3, 0], [0, 2, 0, 0], [0, 2, 3, 2]]
    counted = written_weights(targets) > 0
    assert counted.tolist() == [[True] * 3 + [False], [True] * 2 + [False] * 2, [True] * 4]
    assert written_weights(targets).mean() == pytest.approx(1)
    assert until_end([5, 3, END, 3]) == [5, 3]


def test_what_holds_no_pairs_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"There is no .*nowhere\.tsv") as missing:
        pairs_of(tmp_path / "nowhere.tsv")
    assert "gesture data get dates" in missing.value.next_step
    folder = tmp_path / "aligned"
    folder.mkdir()
    (folder / "train.en").write_text("one\n")
    (folder / "train.de").write_text("eins\n")
    with pytest.raises(PipelineError, match=r"it has train\.de, train\.en") as unnamed:
        pairs_of(folder)
    assert "data.source=en" in unnamed.value.next_step
    nested = tmp_path / "nested.jsonl"
    nested.write_text('{"translation": {"en": "one", "de": "eins"}}\n' * 20)
    with pytest.raises(PipelineError, match="one column, 'translation'"):
        pairs_of(nested)


def test_a_key_that_an_encoder_does_not_have_is_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"model\.encoder.*units"):
        config_of(tmp_path / "x.tsv", "model.encoder={kind: conv1d, units: [3]}")
