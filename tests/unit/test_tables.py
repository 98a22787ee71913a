"""Tables as programs and people write them."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.sources import Source, sources
from pipeline.datasets.tables.table import Table, read_table

HEADER = "t,x,name"
ROWS = [(0, 0.5, "a"), (10, -1.25, "b"), (20, 3e-3, "b")]
PLAIN = "t,x,name\n0,0.5,a\n10,-1.25,b\n20,3e-3,b\n"


def table_in(tmp_path: Path, text: str | bytes, name: str = "file.csv") -> Table:
    file = tmp_path / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    table = read_table(Source(file))
    assert isinstance(table, Table), table
    return table


def refusal_of(tmp_path: Path, text: bytes) -> str:
    file = tmp_path / "file.csv"
    file.write_bytes(text)
    refusal = read_table(Source(file))
    assert isinstance(refusal, Noted)
    return str(refusal)


SAME = {
    "plain": PLAIN,
    "no line end": PLAIN.rstrip("\n"),
    "Windows": PLAIN.replace("\n", "\r\n"),
    "old Mac": PLAIN.replace("\n", "\r"),
    "mixed line ends": PLAIN.replace("\n", "\r\n", 2),
    "byte-order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16 without a mark": PLAIN.encode("utf-16-le"),
    "semicolons": PLAIN.replace(",", ";"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "tabs": PLAIN.replace(",", "\t"),
    "tabs and decimal commas": PLAIN.replace(",", "\t").replace(".", ","),
    "bars": PLAIN.replace(",", "|"),
    "white space": PLAIN.replace(",", "   ").replace("\n", "  \n "),
    "spaces after commas": PLAIN.replace(",", ", "),
    "spaces before commas": PLAIN.replace(",", " ,"),
    "quotes": '"t","x","name"\n"0","0.5","a"\n"10","-1.25","b"\n"20","3e-3","b"\n',
    "quotes after spaces": 't, "x", "name"\n0, "0.5", "a"\n10, "-1.25", "b"\n20, "3e-3", "b"\n',
    "quoted decimal commas": 't,x,name\n0,"0,5",a\n10,"-1,25",b\n20,"3e-3",b\n',
    "a separator at the end": "t,x,name,\n0,0.5,a,\n10,-1.25,b,\n20,3e-3,b,\n",
    "semicolons at the end": "t,x,name\n0,0.5,a;\n10,-1.25,b;\n20,3e-3,b;\n",
    "words before": "Recorded by App 1.2\n\nDevice: phone\n" + PLAIN,
    "numbers before": "version,3\n" + PLAIN,
    "comments": "# by hand\n" + PLAIN.replace("\n10", "\n# here it shook\n10"),
    "a header as a comment": "# " + PLAIN,
    "colours": PLAIN.replace("0.5", "\x1b[32m0.5\x1b[0m"),
    "an echo": PLAIN.replace("\n10", "\nstart now\n10"),
    "zeros between": PLAIN.encode().replace(b"\n10", b"\n\x0010") + b" " * 200,
}


@pytest.mark.parametrize("name", SAME)
def test_a_table_is_the_same_however_it_is_written(name: str, tmp_path: Path) -> None:
    table = table_in(tmp_path, SAME[name])
    assert table.columns[:3] == ("t", "x", "name")
    assert table.numbers([0, 1]).tolist() == [[t, x] for t, x, _ in ROWS]
    assert table.words(2) == [name for _, _, name in ROWS]
    assert not table.ragged
    assert name == "plain" or name in UNREMARKABLE or table.noted or table.comments


@pytest.mark.parametrize("name", SAME)
def test_a_table_is_the_same_in_pieces(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.datasets.tables.sources.BLOCK", 7)
    monkeypatch.setattr("pipeline.datasets.tables.rows.LINES_AT_ONCE", 2)
    monkeypatch.setattr("pipeline.datasets.tables.table.AT_ONCE", 1)
    test_a_table_is_the_same_however_it_is_written(name, tmp_path)


def test_words_of_pieces_are_in_the_order_of_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.datasets.tables.table.AT_ONCE", 3)
    words = [*"ccabbbacdaaecc", "01", "1", "é"]
    table = table_in(tmp_path, "".join(f"{n},{word} \n" for n, word in enumerate(words)))
    codes, known = table.coded(1)
    assert known == list(dict.fromkeys(words))
    assert [known[code] for code in codes] == words


UNREMARKABLE = (
    "no line end",
    "spaces after commas",
    "spaces before commas",
    "quotes",
    "quotes after spaces",
    "a separator at the end",
    "semicolons at the end",
)


@pytest.mark.parametrize(
    "between",
    ["\n", "\r\n", "   \n", ",,\n", '"","",""\n', "t,x,name\n", "\n\nt,x,name\n\n"],
)
def test_rows_after_a_blank_line_or_a_header_are_a_break(between: str, tmp_path: Path) -> None:
    table = table_in(tmp_path, f"t,x,name\n0,1,a\n1,2,a\n{between}2,3,b\n{between}3,4,b\n{between}")
    assert table.breaks.tolist() == [2, 3]
    assert table.numbers([0])[:, 0].tolist() == [0, 1, 2, 3]
    lines = between.count("\n")
    assert table.lines.tolist() == [2, 3, 4 + lines, 5 + 2 * lines]


def test_rows_of_another_width_are_kept_with_their_text(tmp_path: Path) -> None:
    table = table_in(tmp_path, PLAIN + "30,4\n40,5,c\n50,1,2,3,d\n60,7,e\n")
    assert table.ragged == {3: "30,4", 5: "50,1,2,3,d"}
    assert table.lines.tolist() == [2, 3, 4, 5, 6, 7, 8]
    expected = [0, 10, 20, np.nan, 40, np.nan, 60]
    assert np.array_equal(table.numbers([0])[:, 0], expected, equal_nan=True)
    assert table.words(2) == ["a", "b", "b", "", "c", "", "e"]


def test_a_row_with_256_cells_more_is_seen(tmp_path: Path) -> None:
    table = table_in(tmp_path, PLAIN + "30,4,c" + 256 * "," + "\n40,5,c\n")
    assert list(table.ragged) == [3]


def test_cells_that_are_no_numbers_are_nan_and_can_be_quoted(tmp_path: Path) -> None:
    table = table_in(tmp_path, "t,x\n0,1\n1,abc\n2,\n3,1_0\n4,0x1\n5,nan\n6,2\n7,3\n8,4\n" * 1)
    assert np.isnan(table.numbers([1])[:, 0]).tolist() == [0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert table.cell(1, 1) == "abc"


def test_row_names_of_r_have_no_name(tmp_path: Path) -> None:
    table = table_in(tmp_path, '"ax","ay"\n"1",0.1,0.2\n"2",0.3,0.4\n')
    assert table.columns == ("", "ax", "ay")


def test_the_first_name_and_the_first_cell_may_be_empty(tmp_path: Path) -> None:
    table = table_in(tmp_path, "\tax\tay\n\t0.1\t0.2\n1\t0.3\t0.4\n")
    assert table.columns == ("", "ax", "ay")
    assert table.numbers([2])[:, 0].tolist() == [0.2, 0.4]


def test_a_file_without_a_header_has_no_columns(tmp_path: Path) -> None:
    table = table_in(tmp_path, "0,0.5,a\n10,-1.25,b\n")
    assert (table.columns, table.width, len(table)) == ((), 3, 2)


def test_one_column_may_have_decimal_commas(tmp_path: Path) -> None:
    table = table_in(tmp_path, "temp\n10,25\n10,5\n9,75\n")
    assert table.columns == ("temp",)
    assert table.numbers([0])[:, 0].tolist() == [10.25, 10.5, 9.75]


def test_texts_keep_commas_quotes_line_ends_and_hashes(tmp_path: Path) -> None:
    text = 'text,label\n"so, so\n\n,\nbad",no\n#happy day,yes\n"she said ""yes""",yes\nNA,no\n'
    table = table_in(tmp_path, text)
    assert table.columns == ("text", "label")
    assert table.words(0) == ["so, so\n\n,\nbad", "#happy day", 'she said "yes"', "NA"]
    assert table.lines.tolist() == [2, 6, 7, 8]
    assert not len(table.breaks)


def test_letters_of_another_encoding_are_read_with_a_word(tmp_path: Path) -> None:
    table = table_in(tmp_path, "t,geste\n0,coup é\n1,coup à\n".encode("cp1252"))
    assert table.words(1) == ["coup é", "coup à"]
    assert "Windows-1252" in str(table.noted[0])


def test_times_of_the_serial_monitor_are_a_column(tmp_path: Path) -> None:
    text = "".join(f"10:00:0{n}.250 -> {row}\n" for n, row in enumerate(PLAIN.split()))
    table = table_in(tmp_path, text)
    assert table.columns == ("arrival time", "t", "x", "name")
    assert table.words(0)[0] == "10:00:01.250"
    assert table.numbers([1])[:, 0].tolist() == [0, 10, 20]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "is not a text file"),
        (bytes(5000), "is not a text file"),
        (b"t,x\n", "holds a header and nothing else"),
        (b't,x\n0,1\n1,"2\n2,3\n', "from line 3 on: a quote there has no end"),
    ],
)
def test_what_is_no_table_says_why(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in refusal_of(tmp_path, content)


def test_folders_archives_and_packed_files_are_opened(tmp_path: Path) -> None:
    (tmp_path / "wave").mkdir()
    (tmp_path / "wave" / "one.csv").write_text(PLAIN)
    (tmp_path / "wave" / "two.CSV.gz").write_bytes(gzip.compress(PLAIN.encode()))
    (tmp_path / ".hidden.csv").write_text(PLAIN)
    with zipfile.ZipFile(tmp_path / "wave" / "four.zip", "w") as archive:
        archive.writestr("four.csv", PLAIN)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("idle/three.csv", PLAIN)
        archive.writestr("__MACOSX/idle/three.csv", b"\0")
        archive.writestr("read.me", "hello")
    opened = sources(tmp_path, {".csv"})
    names = [source.name.relative_to(tmp_path).as_posix() for source in opened]
    assert names == ["all/idle/three.csv", "wave/four.csv", "wave/one.csv", "wave/two.CSV"]
    assert all(len(read_table(source)) == 3 for source in opened)  # type: ignore[arg-type]


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.csv.gz").write_bytes(gzip.compress(PLAIN.encode())[:-4])
    assert "damaged" in str(read_table(Source(tmp_path / "bad.csv.gz")))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("one.csv", PLAIN)
    (tmp_path / "bad.zip").write_bytes(packed.getvalue()[:-30])
    (damaged,) = sources(tmp_path / "bad.zip", {".csv"})
    assert "bad.zip: cannot be read: it is a damaged archive" in str(read_table(damaged))
