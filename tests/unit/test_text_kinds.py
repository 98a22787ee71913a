"""Labelled texts as people have them: tables of any kind, folders, labels in any script."""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.text_settings import SentimentConfig
from pipeline.core.contract import Contract
from pipeline.core.errors import PipelineError
from pipeline.core.tokens import TokenDataset
from pipeline.datasets.sentiment import sentiment_dataset
from tests.conftest import PROJECT
from tests.refusals import refuses
from tests.toy_text import classifier

CASES = PROJECT.parent / "shared" / "cases" / "import"
WORDS = ("the film, as a whole; was", 'a 5" screen and "nothing" more', "so | tired of\nit all")
LABELS = ("good", "bad")
Rows = Sequence[tuple[str, str]]  # a text and its label
ROWS: Rows = [(f"{WORDS[n % 3]} {n} {LABELS[n % 2]}", LABELS[n % 2]) for n in range(40)]
PLAIN: Rows = [(" ".join(text.split()), label) for text, label in ROWS]


def dataset(path: Path, **data: Any) -> TokenDataset:
    return sentiment_dataset(SentimentConfig.model_validate({"data": {"path": path, **data}}))


def separated(rows: Rows, header: Sequence[str], **options: Any) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", **options)
    writer.writerows([header] if header else [])
    writer.writerows([(number, text, label) for number, (text, label) in enumerate(rows)])
    return stream.getvalue()


def json_lines(rows: Rows) -> str:
    return "\n".join(json.dumps({"body": text, "id": 1, "class": label}) for text, label in rows)


def one_json(rows: Rows) -> str:
    return json.dumps([{"body": text, "class": label} for text, label in rows])


HEADER = ("", "review", "sentiment")


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.csv", lambda rows: separated(rows, HEADER), ROWS),
        ("a.csv", lambda rows: separated(rows, HEADER, delimiter=";"), ROWS),
        ("a.tsv", lambda rows: separated(rows, HEADER, delimiter="\t"), ROWS),
        ("a.csv", lambda rows: separated(rows, HEADER, quoting=csv.QUOTE_ALL), ROWS),
        ("a.csv", lambda rows: separated(rows, ()), ROWS),
        ("a.tsv", lambda rows: "".join(f"{label}\t{text}\n" for text, label in rows), PLAIN),
        ("a.txt", lambda rows: "".join(f"__label__{lab} {text}\n" for text, lab in rows), PLAIN),
        ("a.jsonl", json_lines, ROWS),
        ("a.json", one_json, ROWS),
    ],
)
def test_texts_and_labels_are_found_in_any_table(
    tmp_path: Path, name: str, content: Callable[[Rows], str], rows: Rows
) -> None:
    path = tmp_path / name
    path.write_text(content(rows), "utf-8")
    found = dataset(path)
    assert found.labels == ("bad", "good")
    assert sum(map(len, found.inputs.values())) == len(rows)
    known = dict(rows)
    for text, target in zip(found.texts, found.targets["test"], strict=True):
        assert known[text] == found.labels[target]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_table_of_any_program_is_read(tmp_path: Path, encoding: str) -> None:
    rows = [(f"très {text}", label) for text, label in ROWS]
    content = separated(rows, HEADER).encode(encoding)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    assert all(text.startswith("très ") for text in dataset(tmp_path / "a.csv.gz").texts)


def folders(root: Path, parts: Sequence[str]) -> Path:
    for part in parts:
        for number, (text, label) in enumerate(ROWS):
            file = root / part / label / f"{number}.txt"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(("parts", "tested"), [(("train", "test"), 40), (("",), 8)])
def test_a_folder_may_be_a_label(tmp_path: Path, parts: Sequence[str], tested: int) -> None:
    root = folders(tmp_path / "texts", parts)
    (root / "README.txt").write_text("no text of any label", "utf-8")
    found = dataset(root)
    assert (found.labels, len(found.texts)) == (("bad", "good"), tested)
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", root)
    assert dataset(Path(packed)).fingerprint == found.fingerprint


def test_a_folder_that_only_training_has_is_of_no_label(tmp_path: Path) -> None:
    root = folders(tmp_path, ("train", "test"))
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "1.txt").write_text("whatever", "utf-8")
    found = dataset(root)
    assert found.labels == ("bad", "good")
    assert "left out: unsup" in found.note


def test_parts_are_found_by_the_names_of_their_files(tmp_path: Path) -> None:
    for name, rows in {"my_train": ROWS, "dev": ROWS[:6], "test-0": ROWS[:9], "x": ROWS}.items():
        (tmp_path / f"{name}.csv").write_text(separated(rows, HEADER), "utf-8")
    found = dataset(tmp_path)
    assert {part: len(rows) for part, rows in found.inputs.items()} == {
        "train": 40,
        "validation": 6,
        "test": 9,
    }
    assert "left out: x.csv" in found.note


@pytest.mark.parametrize(
    ("written", "labels", "shown"),
    [
        ([0, 1], ("negative", "positive"), "0 is called negative and 1 positive"),
        ([1, 2, 3, 4, 5], ("1", "2", "3", "4", "5"), "texts are in column body"),
        (["très bien", "так"], ("tres_bien", "tak"), "the label 'très bien' is tres_bien"),
        ([True, False], ("false", "true"), "texts are in column body"),
        (["0.0", "1.0"], ("negative", "positive"), "0 is called negative"),
    ],
)
def test_labels_are_what_the_file_has(
    tmp_path: Path, written: Sequence[Any], labels: Sequence[str], shown: str
) -> None:
    lines = [{"body": f"a text {n}", "class": written[n % len(written)]} for n in range(60)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    found = dataset(tmp_path / "a.jsonl")
    assert found.labels == labels
    assert shown in found.note


def test_a_quote_that_never_ends_swallows_nothing(tmp_path: Path) -> None:
    rows = [f"{'ham' if n % 2 else 'spam'}\t{'5' if n > 250 else ''}text {n}" for n in range(400)]
    rows[300] = 'ham\t"so he said'
    (tmp_path / "sms.tsv").write_text("\n".join(rows), "utf-8")
    assert sum(map(len, dataset(tmp_path / "sms.tsv").inputs.values())) == len(rows)


def test_rows_without_a_text_or_a_label_are_left_out_and_told(tmp_path: Path) -> None:
    rows = [*ROWS[:10], ("", "good"), ("what", ""), *ROWS[10:]]
    (tmp_path / "a.csv").write_text(separated(rows, ("", "text", "label")), "utf-8")
    found = dataset(tmp_path / "a.csv")
    assert sum(map(len, found.inputs.values())) == len(ROWS)
    assert "left out: 2 rows without a text or a label, the first on line 15" in found.note


TWO = "body,lang,source\n" + "".join(f"a longer text {n},{'ab'[n % 2]},{n % 3}\n" for n in range(9))


@pytest.mark.parametrize(
    ("content", "data", "said"),
    [
        (TWO, {}, r"label may be in lang or source.*`data\.label: lang` or `source`"),
        (TWO, {"label": "nope"}, "no column 'nope'.*body"),
        ("label,text\na,b, c\nb,d\na,e\nb,f\n", {}, r":2 .*3 cells, most have 2.*in quotes"),
        ("A story.\nIt has no labels.\n", {}, "no tab, comma, semicolon.*column of texts"),
        ("text,label\n", {}, "it has only one row"),
        ('{"label": 1, "text": "a"}\nnot json\n', {}, ":2 .*a line is"),
        ("x,y\n" + "".join(f"text {n},{n}\n" for n in range(99)), {}, "99 different labels"),
        ("text,label\n" + "a,x\nb,y\n" * 9, {"labels": ["x", "z"]}, "label is 'y'.*x, z"),
    ],
)
def test_what_is_not_understood_is_shown(
    tmp_path: Path, content: str, data: Any, said: str
) -> None:
    (tmp_path / "a.csv").write_text(content, "utf-8")
    with pytest.raises(PipelineError, match=f"(?s){said}"):
        dataset(tmp_path / "a.csv", **data)


def test_several_files_are_asked_about(tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text(separated(ROWS, HEADER), "utf-8")
    with pytest.raises(PipelineError, match=r"none of them is named train: one\.csv, two\.csv"):
        dataset(tmp_path)
    (tmp_path / "two.csv").rename(tmp_path / "notes.md")
    assert len(dataset(tmp_path).texts) == 8


def test_a_run_whose_words_end_at_accents_is_to_be_trained_again(tmp_path: Path) -> None:
    content = json.loads(classifier().contract.file_text)
    del content["vocabulary"]["letters"]
    (tmp_path / "contract.json").write_text(json.dumps(content), "utf-8")
    with refuses("words end at letters beyond a to z", next_step="train and convert again"):
        Contract.load(tmp_path / "contract.json")


@pytest.mark.parametrize("path", ["61-csv", "61-csv/reviews.csv", "68-accents"])
def test_the_cases_are_read(path: str) -> None:
    if not CASES.is_dir():
        pytest.skip("shared/cases is not there")
    found = dataset(CASES / path)
    assert found.labels == ("negative", "positive")
    assert sum(map(len, found.inputs.values())) == 600
