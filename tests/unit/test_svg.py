"""Drawings become SVG and PNG, and an SVG file becomes strokes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import UsageError
from pipeline.core.sketches import CANVAS, moves, polylines
from pipeline.datasets.svg_strokes import read_strokes, simplified
from pipeline.reports.drawings import CELL_PX, png, sheet, svg

SQUARE = np.array([(9, 0, 0), (0, 9, 0), (-9, 0, 0), (0, -9, 1), (2, 3, 0), (0, 4, 1)], np.float32)


def strokes_of(folder: Path, inner: str, root: str = "") -> list[list[list[float]]]:
    return [stroke.tolist() for stroke in read_strokes(written(folder, inner, root)).strokes]


def written(folder: Path, inner: str, root: str = "") -> Path:
    path = folder / "begun.svg"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{inner}</svg>')
    return path


def test_a_written_drawing_is_read_as_the_same_strokes(tmp_path: Path) -> None:
    path = tmp_path / "drawing.svg"
    path.write_text(svg(sheet([SQUARE], size=9.0)))
    read = read_strokes(path)
    assert read.left_out == ()
    assert read.canvas == CELL_PX
    np.testing.assert_allclose(moves(read.scaled(9.0)), SQUARE, atol=0.01)


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        ('<line x2="a" y2="9"/>', "1 <line> with a"),
        ('<line x2="50%" y2="9"/>', "1 <line> with %"),
        ('<polyline points="20,30 80,nan 4,5"/>', "1 <polyline> with nan"),
        ('<polygon points="1,2 3,4 5"/>', "1 <polygon> with half a place"),
    ],
)
def test_what_is_no_number_is_said(tmp_path: Path, element: str, fault: str) -> None:
    read = read_strokes(written(tmp_path, '<line x2="5px" y2="9"/>' + element))
    assert [stroke.tolist() for stroke in read.strokes] == [[[0, 0], [5, 9]]]
    assert read.left_out == (fault,)


def test_what_was_begun_has_its_own_colour_and_the_rest_goes_on_from_it() -> None:
    drawn = sheet([SQUARE], 9.0, begun=2)
    assert [len(stroke) for stroke in drawn.begun] == [3]
    assert [len(stroke) for stroke in drawn.drawn] == [3, 2]
    np.testing.assert_array_equal(drawn.begun[0][-1], drawn.drawn[0][0])
    lifted = sheet([SQUARE], 9.0, begun=4)
    assert [len(stroke) for stroke in lifted.drawn] == [2], "the move in the air is not drawn"
    np.testing.assert_allclose(
        np.concatenate([*lifted.begun, *lifted.drawn]),
        np.concatenate(sheet([SQUARE], 9.0).drawn),
        atol=1e-3,
    )


def test_drawings_stay_in_their_places_whatever_their_size() -> None:
    drawings = [SQUARE * (factor, factor, 1) for factor in (0.1, 1.0, 40.0)]
    drawn = sheet([one.astype(np.float32) for one in drawings], 9.0, columns=2)
    assert (drawn.width, drawn.height) == (2 * CELL_PX, 2 * CELL_PX)
    for number in range(3):
        row, column = divmod(number, 2)
        places = np.concatenate(drawn.drawn[2 * number : 2 * number + 2])
        corner = np.array([column, row]) * CELL_PX
        assert (places > corner).all()
        assert (places < corner + CELL_PX).all()
    assert np.ptp(drawn.drawn[4], axis=0).max() == pytest.approx(CELL_PX / CANVAS)
    assert png(drawn).startswith(b"\x89PNG")


def test_an_empty_drawing_is_a_picture_too() -> None:
    assert "<path" in svg(sheet([np.zeros((0, 3), np.float32)], 9.0))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ('<path d="M1 2 L3,4 5-6"/>', [[[1, 2], [3, 4], [5, -6]]]),
        ('<path d="m1,2 3,4h2v-1z"/>', [[[1, 2], [4, 6], [6, 6], [6, 5], [1, 2]]]),
        ('<path d="m1,2 3,4z m1 1l1 0"/>', [[[1, 2], [4, 6], [1, 2]], [[2, 3], [3, 3]]]),
        ('<path d="M0 0H1e1V.5"/>', [[[0, 0], [10, 0], [10, 0.5]]]),
        ('<g><polyline points="1,2 3,4"/></g>', [[[1, 2], [3, 4]]]),
        ('<polygon points="0 0 1 0 1 1"/>', [[[0, 0], [1, 0], [1, 1], [0, 0]]]),
        ('<line x1="1" y1="2" x2="3"/>', [[[1, 2], [3, 0]]]),
        ('<defs><path d="M0 0L9 9"/></defs><line x2="1"/>', [[[0, 0], [1, 0]]]),
    ],
)  # fmt: skip
def test_straight_lines_are_read(tmp_path: Path, inner: str, expected: list[object]) -> None:
    assert strokes_of(tmp_path, inner) == expected


def test_what_is_not_understood_is_named(tmp_path: Path) -> None:
    inner = (
        '<line x2="1"/><path d="M0 0C1 1 2 2 3 3"/><circle r="3"/><circle r="4"/>'
        '<g transform="scale(2)"><line x2="5"/></g><path d="M1"/><path d="L1 2"/><path d="M1 2 3"/>'
    )
    read = read_strokes(written(tmp_path, inner))
    assert len(read.strokes) == 1
    assert read.left_out == (
        "1 <path> with C",
        "2 <circle>",
        "1 <g> with transform",
        "3 <path> that ends too soon",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<svg/>", "nothing is drawn in it"),
        ("<svg><circle r='1'/></svg>", "nothing in it is understood: 1 <circle>"),
        ("<html/>", "it is <html>, not <svg>"),
        ("M 0 0 L 1 1", "it is no XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><svg/>', "entities"),
        ('<svg><line x2="1e99"/></svg>', "lines that cannot be used"),
    ],
)
def test_a_file_without_strokes_is_refused_in_words(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "begun.svg"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        read_strokes(path)
    assert said in raised.value.what
    with pytest.raises(UsageError):
        read_strokes(tmp_path)


@pytest.mark.parametrize(
    ("root", "unit"),
    [('viewBox="0 0 100 50"', 100 / CANVAS), ('width="60px" height="20"', 60 / CANVAS), ("", 30)],
)
def test_the_paper_says_how_large_a_drawing_is(tmp_path: Path, root: str, unit: float) -> None:
    read = read_strokes(written(tmp_path, '<line x2="30"/>', root))
    (stroke,) = read.scaled(450.0)
    assert stroke[1, 0] - stroke[0, 0] == pytest.approx(30 * 450 / unit)


def test_few_places_are_left_of_a_wavering_line() -> None:
    x = np.linspace(0, 100, 301)
    stroke = np.column_stack([x, np.where(x > 50, x - 50, 0) + 0.3 * np.sin(x)]).astype(np.float32)
    found = simplified(stroke, 1.0)
    assert 3 <= len(found) <= 5
    np.testing.assert_array_equal(found[[0, -1]], stroke[[0, -1]])
    assert np.abs(found[:, 0] - 50).min() < 3
    assert len(simplified(stroke[:1], 1.0)) == 1
    assert len(polylines(moves([found]))) == 1
