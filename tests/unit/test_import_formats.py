"""Files of other programs give their rows, names, rates and labels, or say what they are."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.formats import READERS, REFUSED, SUFFIXES, tables_of
from pipeline.datasets.tables.sources import Source, sources
from pipeline.datasets.tables.table import Table

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "import"
SIX = ["acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z"]
ROWS = np.random.default_rng(1).normal(size=(20, 6)).round(3)
OTHERS = np.random.default_rng(2).normal(size=(20, 6)).round(3)


def only(found: list[Table | Noted]) -> Table:
    """The only table."""
    (table,) = found
    assert isinstance(table, Table), table
    return table


def read(path: Path, content: Any) -> list[Table | Noted]:
    """The tables of a file with a content: bytes, a text, or what JSON can hold."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return tables_of(Source(path))


def values(table: Table, count: int = 6) -> Any:
    """The numbers of the last columns that are channels."""
    places = [at for at, name in enumerate(table.columns) if name not in OTHER_COLUMNS]
    return table.numbers(places[:count])


OTHER_COLUMNS = ("take", "label", "person", "t", "time")


def edge_impulse(rows: Any = ROWS, interval_ms: float = 16, **payload: Any) -> dict[str, Any]:
    names = [("accX", "m/s2"), ("accY", "m/s2"), ("accZ", "m/s2")]
    names += [("gyrX", "dps"), ("gyrY", "dps"), ("gyrZ", "dps")]
    return {
        "protected": {"ver": "v1", "alg": "HS256", "iat": 1},
        "signature": "00",
        "payload": {
            "device_name": "a",
            "interval_ms": interval_ms,
            "sensors": [{"name": name, "units": units} for name, units in names],
            "values": np.asarray(rows).tolist(),
            **payload,
        },
    }


def test_a_document_of_edge_impulse(tmp_path: Path) -> None:
    table = only(read(tmp_path / "wave.01b2c3d4.json", edge_impulse()))
    assert table.columns[:1] + table.columns[-1:] == ("accX (m/s2)", "gyrZ (dps)")
    assert np.array_equal(values(table), ROWS)
    assert table.facts == {"rate_hz": 62.5}  # the label is in the name, as for a CSV


def test_an_export_of_edge_impulse_has_its_labels_beside_it(tmp_path: Path) -> None:
    parts = [
        {"label": "idle", "startIndex": 0, "endIndex": 11},
        {"label": "wave", "startIndex": 12, "endIndex": 19},
    ]
    files = [
        {"path": "training/a.1.json", "name": "a.1", "label": {"type": "label", "label": "up"}},
        {"path": "training/b.2.json", "label": {"type": "multi-label", "labels": parts}},
    ]
    (tmp_path / "info.labels").write_text(json.dumps({"version": 1, "files": files}))
    one = only(read(tmp_path / "training" / "a.1.json", edge_impulse()))
    assert one.facts["label"] == "up"
    several = only(read(tmp_path / "training" / "b.2.json", edge_impulse()))
    assert several.words(several.columns.index("label")) == ["idle"] * 12 + ["wave"] * 8
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(tmp_path / "info.labels", "info.labels")
        archive.write(tmp_path / "training" / "a.1.json", "training/a.1.json")
    (packed,) = sources(tmp_path / "export.zip", SUFFIXES)
    assert only(tables_of(packed)).facts["label"] == "up"


AS_LISTS = ROWS.tolist()
AS_OBJECTS = [dict(zip("abc", row, strict=False)) for row in AS_LISTS]
NAMED = ["ax", "ay", "az", "gx", "gy", "gz"]
SHAPES: dict[str, Any] = {
    "rows": AS_LISTS,
    "rows with a header": [NAMED, *AS_LISTS],
    "objects": [dict(zip(NAMED, row, strict=True)) for row in AS_LISTS],
    "objects in objects": [
        {"acc": dict(zip("xyz", row[:3], strict=True)), "gyro": row[3:]} for row in AS_LISTS
    ],
    "columns": {name: ROWS[:, at].tolist() for at, name in enumerate(NAMED)},
    "columns by row": {n: dict(enumerate(ROWS[:, at].tolist())) for at, n in enumerate(NAMED)},
    "sensors": {"acc": ROWS[:, :3].tolist(), "gyro": ROWS[:, 3:].tolist()},
    "a table in an object": {"columns": NAMED, "index": [*range(20)], "data": AS_LISTS},
    "one object around": {"recording": {"values": AS_LISTS}},
}


@pytest.mark.parametrize("value", SHAPES.values(), ids=SHAPES.keys())
def test_json_of_any_shape(tmp_path: Path, value: Any) -> None:
    table = only(read(tmp_path / "wave.json", value))
    assert np.array_equal(values(table), ROWS)


def test_json_of_takes_with_labels_people_and_a_rate(tmp_path: Path) -> None:
    takes = [
        {"gesture": "up", "user": "bea", "data": AS_LISTS},
        {"gesture": "down", "user": "anna", "data": OTHERS.tolist()},
    ]
    table = only(read(tmp_path / "all.json", {"sampling_rate": 50, "samples": takes}))
    assert table.facts == {"rate_hz": 50.0}
    assert table.words(table.columns.index("label")) == ["up"] * 20 + ["down"] * 20
    assert table.words(table.columns.index("person")) == ["bea"] * 20 + ["anna"] * 20
    assert table.numbers([table.columns.index("take")])[[0, 19, 20]].ravel().tolist() == [1, 1, 2]
    assert np.array_equal(values(table), np.vstack([ROWS, OTHERS]))
    by_label = only(read(tmp_path / "by.json", {"up": [AS_LISTS], "down": [OTHERS.tolist()]}))
    assert by_label.words(by_label.columns.index("label"))[19:21] == ["up", "down"]


def test_json_lines_and_what_is_damaged(tmp_path: Path) -> None:
    lines = [json.dumps(dict(zip(NAMED, row, strict=True))) for row in AS_LISTS]
    assert np.array_equal(values(only(read(tmp_path / "a.jsonl", "\n".join(lines)))), ROWS)
    assert np.array_equal(values(only(read(tmp_path / "a.txt", "\n".join(lines)))), ROWS)
    lines[7] = lines[7][:20]
    (note,) = read(tmp_path / "b.jsonl", "\n".join(lines))
    assert isinstance(note, Noted)
    assert "line 8" in note.what


def test_recordings_of_sensor_logger_by_sensor(tmp_path: Path) -> None:
    rows = [
        {"sensor": sensor, "time": str(10**18 + n * 10_000_000), "seconds_elapsed": f"{n / 100}"}
        | dict(zip("xyz", map(str, row[at : at + 3]), strict=True))
        for n, row in enumerate(AS_LISTS)
        for sensor, at in (("Accelerometer", 0), ("Gyroscope", 3), ("TotalAcceleration", 0))
    ]
    total, turning = read(tmp_path / "log.json", [{"sensor": "Metadata", "version": 1}, *rows])
    assert isinstance(total, Table)
    assert isinstance(turning, Table)
    assert total.columns == ("time (ns)", *(f"acceleration {a} (m/s2)" for a in "xyz"))
    assert np.array_equal(total.numbers([1, 2, 3]), ROWS[:, :3])
    assert np.array_equal(turning.numbers([1, 2, 3]), ROWS[:, 3:])


def test_captures_of_sensiml_have_their_labels_beside_them(tmp_path: Path) -> None:
    segments = [
        {"name": "Label", "value": "up", "start": 0, "end": 4},
        {"name": "Label", "value": "down", "start": 10, "end": 19},
    ]
    captures = [
        {
            "file_name": "one.csv",
            "metadata": [{"name": "Subject", "value": "bea"}],
            "sessions": [{"session_name": "first", "segments": segments}],
        }
    ]
    assert read(tmp_path / "labels.json", captures) == []
    head = "sequence,AccelerometerX,AccelerometerY,AccelerometerZ\n"
    rows = [f"{n},{row[0]},{row[1]},{row[2]}" for n, row in enumerate(AS_LISTS)]
    table = only(read(tmp_path / "one.csv", head + "\n".join(rows)))
    assert table.words(4) == ["up"] * 5 + [""] * 5 + ["down"] * 10
    assert table.facts["person"] == "bea"
    assert np.array_equal(table.numbers([1, 2, 3]), ROWS[:, :3])
    other = only(read(tmp_path / "two.csv", head + "\n".join(rows)))
    assert "label" not in other.columns


@pytest.mark.parametrize(
    ("array", "noted"),
    [(ROWS, "no names"), (ROWS.T, "exchanged"), (ROWS.astype(np.float32), "no names")],
)
def test_an_array_of_rows(tmp_path: Path, array: Any, noted: str) -> None:
    np.save(tmp_path / "wave.npy", array)
    table = only(tables_of(Source(tmp_path / "wave.npy")))
    assert list(table.columns) == SIX
    assert np.allclose(values(table), ROWS)
    assert any(noted in note.what for note in table.noted)


def test_arrays_of_takes_with_labels_beside_them(tmp_path: Path) -> None:
    takes = np.stack([ROWS, OTHERS])
    np.save(tmp_path / "X_train.npy", takes)
    np.save(tmp_path / "y_train.npy", np.array([4, 2]))
    table = only(tables_of(Source(tmp_path / "X_train.npy")))
    assert tables_of(Source(tmp_path / "y_train.npy")) == []
    assert table.words(table.columns.index("label"))[19:21] == ["4", "2"]
    np.savez(
        tmp_path / "a.npz", X=takes.swapaxes(1, 2), y=["up", "down"], fs=50, subject=["a", "b"]
    )
    table = only(tables_of(Source(tmp_path / "a.npz")))
    assert table.words(table.columns.index("label"))[19:21] == ["up", "down"]
    assert table.words(table.columns.index("person"))[19:21] == ["a", "b"]
    assert np.array_equal(values(table), np.vstack([ROWS, OTHERS]))
    assert table.facts["rate_hz"] == 50


def test_archives_of_arrays_by_sensor_or_by_column(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", acc=ROWS[:, :3], gyro=ROWS[:, 3:], t=np.arange(20) / 50)
    table = only(tables_of(Source(tmp_path / "a.npz")))
    assert list(table.columns) == [*SIX, "time"]
    assert np.array_equal(values(table), ROWS)
    np.savez(tmp_path / "b.npz", **dict(zip(NAMED, ROWS.T, strict=True)))
    assert np.array_equal(values(only(tables_of(Source(tmp_path / "b.npz")))), ROWS)


def test_a_parquet_file(tmp_path: Path) -> None:
    import pandas as pd

    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(ROWS, columns=NAMED)
    frame["label"] = "up"
    frame.to_parquet(tmp_path / "a.parquet")
    table = only(tables_of(Source(tmp_path / "a.parquet")))
    assert np.array_equal(values(table), ROWS)
    assert set(table.words(6)) == {"up"}


def test_texts_of_wisdm_pamap2_and_the_magic_wand(tmp_path: Path) -> None:
    lines = [
        f"33,Jogging,{49105962326000 + n * 50_000_000},{row[0]},{row[1]},{row[2]};"
        for n, row in enumerate(AS_LISTS)
    ]
    wisdm = only(read(tmp_path / "WISDM_ar.txt", "\n".join(lines)))
    assert wisdm.columns == ("person", "activity", "timestamp", "x", "y", "z")
    assert np.array_equal(wisdm.numbers([3, 4, 5]), ROWS[:, :3])

    def sensor(row: list[float]) -> list[float]:
        return [30.0, *row[:3], *row[:3], *row[3:], *[0.5] * 7]

    lines = [
        " ".join(map(str, [8 + n / 100, 4 * (n > 4), "NaN", *sensor(row), *[1.5] * 34]))
        for n, row in enumerate(AS_LISTS)
    ]
    pamap2 = only(read(tmp_path / "subject101.dat", "\n".join(lines)))
    assert pamap2.words(1) == [""] * 5 + ["walking"] * 15
    assert np.array_equal(pamap2.numbers(range(2, 8)), ROWS)

    take = "\n".join(",".join(f" {v:.3f}" for v in row[:3]) for row in AS_LISTS)
    wand = only(read(tmp_path / "output_wing_hyw.txt", f"\n-,-,-\n{take}\n-,-,-\n{take}\n"))
    assert wand.columns == ("acc x", "acc y", "acc z")
    assert wand.breaks.tolist() == [20]
    assert np.array_equal(wand.numbers([0, 1, 2]), np.vstack([ROWS, ROWS])[:, :3])


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("wanddata.json", {"strokes": [{"strokePoints": []}]}, "strokes"),
        ("a.json", [], "empty list"),
        ("a.json", {"name": "x"}, "without rows"),
        ("a.json", [[1, 2], [3, 4]], "2 columns without names"),
        ("a.json", [[1, 2, 3], [1, 2]], "rows of 2, 3 numbers"),
        ("a.json", '{"a": ', "no JSON"),
        ("a.json", "[" * 3000, "JSON"),
        ("a.json", edge_impulse(rows=[[1, 2]]), "not of 6 cells"),
        ("a.npz", b"PK nothing", "archive of numpy"),
        ("a.npy", b"\x93NUMPY\x01\x00", ""),
        ("a.parquet", b"PAR1nothing", "Parquet"),
        ("a.cbor", b"\xa1\x01\x02", "CBOR"),
        ("a.xlsx", b"PK\x03\x04", "Excel"),
        ("own.h5", b"\x89HDF\r\n", "HDF5"),
    ],
)
def test_what_has_no_rows_says_what_it_is(
    tmp_path: Path, name: str, content: Any, what: str
) -> None:
    (note,) = read(tmp_path / name, content)
    assert isinstance(note, Noted)
    assert what in note.what


@pytest.mark.parametrize(
    "head",
    [
        '"property","value"',
        '"event","experiment time","system time","system time text"',
        "version,device name,recording epoch time,recording time,recording timezone",
    ],
)
def test_what_apps_write_about_a_recording_is_no_recording(tmp_path: Path, head: str) -> None:
    row = ",".join(["1"] * len(head.split(",")))
    assert read(tmp_path / "device.csv", f"{head}\n{row}\n{row}\n") == []


def test_objects_of_python_are_not_run(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    (note,) = tables_of(Source(tmp_path / "a.npy"))
    assert isinstance(note, Noted)
    assert "could run any program" in note.what


def test_packed_files_are_read_as_what_they_hold(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(AS_LISTS).encode())
    assert np.array_equal(values(only(read(tmp_path / "wave.json.gz", packed))), ROWS)


@pytest.mark.parametrize("suffix", [*READERS, *REFUSED])
def test_any_bytes_of_any_ending_give_a_note_and_no_fault(tmp_path: Path, suffix: str) -> None:
    random = np.random.default_rng(5)
    for length in (0, 1, 40, 3000):
        for found in read(tmp_path / f"a{suffix}", random.bytes(length)):
            assert isinstance(found, Noted)


@pytest.mark.parametrize(
    ("case", "tables"),
    [("12-magic-wand-json", 0), ("13-edge-impulse-json", 4), ("25-other-files", 10)],
)
def test_cases_of_what_people_have(case: str, tables: int) -> None:
    if not CASES.is_dir():
        pytest.skip("the cases of ../shared are not here")
    found = [t for source in sources(CASES / case, SUFFIXES) for t in tables_of(source)]
    assert sum(isinstance(table, Table) for table in found) == tables
