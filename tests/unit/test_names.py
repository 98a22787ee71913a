"""Names of any script, in files and on boards that carry ASCII."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.original_names import NAMES, OriginalNames, load_names
from pipeline.datasets.names import DatasetNames, dataset_name, shown_name
from pipeline.datasets.recording_file import is_name


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("label", "rond point", "rond_point"),
        ("label", "wave-left", "wave-left"),
        ("label", "круг", "krug"),
        ("label", "  a\tb ", "a_b"),
        ("label", "a/b: c", "a_b_c"),
        ("label", "con", "con_2"),
        ("person", "mary-jane", "mary_jane"),
        ("person", "Jérémie-François", "Jeremie_Francoi"),
        ("person", "anna", "anna"),
        ("session", "Monday, 9 h", "Monday_9_h"),
        ("dataset", "my data", "my_data"),
    ],
)
def test_a_text_gets_a_name_that_is_kept_and_shown_as_it_was_written(
    tmp_path: Path, kind: str, text: str, name: str
) -> None:
    assert dataset_name(tmp_path, kind, text) == name
    assert dataset_name(tmp_path, kind, text) == name
    assert DatasetNames(tmp_path).typed(kind, name) == name
    assert shown_name(tmp_path, kind, name) == " ".join(text.split())
    assert (tmp_path / NAMES).exists() == (name != text)


@pytest.mark.parametrize("text", ["!!!", "_", "😀", "ж" * 80, "עברית", "日本 語", "..", "\udcff"])
def test_every_text_gets_a_name_that_files_and_boards_can_carry(tmp_path: Path, text: str) -> None:
    for kind in ("label", "person", "session", "dataset"):
        assert is_name(kind, DatasetNames(tmp_path).name(kind, text))


def test_two_texts_never_share_a_name_not_even_but_for_case(tmp_path: Path) -> None:
    texts = ["é", "e", "E", "è", "rond point", "rond/point", "ж" * 40, "ж" * 41]
    names = [dataset_name(tmp_path, "label", text) for text in texts * 2][: len(texts)]
    assert len({name.casefold() for name in names}) == len(texts)
    assert [shown_name(tmp_path, "label", name) for name in names] == texts


def test_composed_and_decomposed_letters_are_the_same_name(tmp_path: Path) -> None:
    assert dataset_name(tmp_path, "label", "e\u0301") == dataset_name(tmp_path, "label", "\u00e9")


def test_labels_and_people_with_takes_keep_their_names(tmp_path: Path) -> None:
    for path in ("wave/anna-1-001.csv", "Wave/con-1-001.csv"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    names = DatasetNames(tmp_path)
    assert [names.name("label", text) for text in ("wave", "Wave", "WAVE")] == [
        *("wave", "Wave", "WAVE_2")
    ]
    assert [names.name("person", text) for text in ("con", "Anna")] == ["con", "Anna_2"]


def test_a_mapping_is_said_once_and_written_when_it_is_saved(tmp_path: Path) -> None:
    names = DatasetNames(tmp_path / "mine")
    assert names.name("label", "rond point") == names.name("label", "rond point")
    assert len(names.said) == 1
    assert "rond_point" in names.said[0]
    assert not (tmp_path / "mine").exists()
    names.save()
    later = DatasetNames(tmp_path / "mine")
    later.name("label", "rond point")
    assert not later.said


def test_what_two_commands_add_at_once_is_kept_or_refused(tmp_path: Path) -> None:
    one, other, third = (DatasetNames(tmp_path) for _ in range(3))
    one.name("label", "a b")
    other.name("person", "a b")
    third.name("label", "a.b")
    one.save()
    other.save()
    with pytest.raises(PipelineError, match="a_b"):
        third.save()
    assert load_names(tmp_path) == OriginalNames(
        {"label": {"a_b": "a b"}, "person": {"a_b": "a b"}}
    )


@pytest.mark.parametrize("text", ["..", "../x", "!", "", "/tmp/x"])
def test_what_is_typed_is_no_path_and_has_a_letter(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        DatasetNames(tmp_path).typed("label", text)


def test_no_text_is_no_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        dataset_name(tmp_path, "label", " \n")


def test_damaged_names_are_an_error(tmp_path: Path) -> None:
    for content in ("{", '{"label": 3}', '{"label": {"a": 1}}'):
        (tmp_path / NAMES).write_text(content)
        with pytest.raises(PipelineError, match=NAMES):
            load_names(tmp_path)
