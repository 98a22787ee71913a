"""What an import understood, in sentences: one for each kind of file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pipeline.core.imu_columns import Role
from pipeline.core.plurals import counted
from pipeline.datasets.importers.naming import COLUMN, FIRST, FOLDER, LAST, NAME, OPTION
from pipeline.datasets.importers.understanding import Understanding, Understood
from pipeline.datasets.importers.units import BY_DATA, BY_HEADER, BY_OPTION, BY_TUTORIAL, Unit

SHOWN = 6  # labels or people
_RATE = {
    "clock": "by the clock",
    "option": "by --rate-hz",
    "tutorial": "assumed, as in the Arduino tutorial",
    "file": "as the file says",
}


def summary_of(understanding: Understanding) -> list[str]:
    """Sentences for people about what will be saved and how it is known."""
    kinds: dict[tuple[object, ...], list[Understood]] = {}
    for file in understanding.files:
        kinds.setdefault(_kind(file), []).append(file)
    lines = [_about(files, understanding) for files in kinds.values()]
    if understanding.own:
        lines.append(f"{counted(len(understanding.own), 'recording')} of this tool")
    return lines


def _kind(file: Understood) -> tuple[object, ...]:
    units = tuple((role, unit.name, unit.by) for role, unit in file.units.items())
    layout = file.motion.layout
    return (file.rate_hz, file.rate_by, file.pieces.how, units, layout.others, layout.magnetometers)


def _about(files: Sequence[Understood], understanding: Understanding) -> str:
    first = files[0]
    parts = [
        _takes(files),
        _labels(files, understanding),
        *_people(files, understanding),
        "; ".join(_unit(role, unit) for role, unit in first.units.items()),
        *_without(first),
        *_left_out(first),
    ]
    return "; ".join(part for part in parts if part)


def _takes(files: Sequence[Understood]) -> str:
    pieces = [piece for file in files for piece in file.pieces.pieces]
    lengths = sorted(len(piece) for piece in pieces)
    rows = ""
    if lengths:
        span = f"{lengths[0]} to {lengths[-1]}" if lengths[0] < lengths[-1] else f"{lengths[0]}"
        rows = f" of {span} rows"
    first = files[0]
    rate = f"{first.rate_hz:.1f} Hz {_RATE[first.rate_by]}"
    if first.motion.clock is not None:
        clock = first.motion.clock
        unit = f" in {clock.unit}, by its size" if clock.unit_by == "size" else ""
        rate += f" `{clock.name}`{unit}"
    what = "recording" if any(piece.is_stream for piece in pieces) else "take"
    count = f"{counted(len(pieces), what)}{rows} in {counted(len(files), 'file')}"
    return f"{count}, {first.pieces.how}, at {rate}"


def _labels(files: Sequence[Understood], understanding: Understanding) -> str:
    naming = understanding.naming
    assert naming is not None
    words: list[str] = []
    for file in files:
        for piece in file.pieces.pieces:
            words += [part.label for part in piece.intervals]
            words += [piece.label or ""] if naming.label_from == COLUMN else []
        if naming.label_from in (FOLDER, NAME, FIRST, LAST) or Role.LABEL not in file.motion.words:
            words.append(file.motion.facts.get("label", naming.names[file.motion.name].label))
    if naming.label_from == OPTION:
        return f"label by --label: {understanding.options.label}"
    column = _column(files[0], Role.LABEL)
    place = {
        COLUMN: f"`{column}`" if column else "the names of the files",
        FOLDER: "the folders",
        NAME: "the names of the files",
        FIRST: "the first words of the names",
        LAST: "the last words of the names",
    }[naming.label_from]
    return f"labels from {place}: {_some(words)}"


def _people(files: Sequence[Understood], understanding: Understanding) -> Iterable[str]:
    naming = understanding.naming
    assert naming is not None
    if naming.person_from == OPTION:
        yield f"person by --person: {understanding.options.person}"
    elif naming.person_from == COLUMN:
        words = [p.person or "" for file in files for p in file.pieces.pieces]
        yield f"people from `{_column(files[0], Role.PERSON)}`: {_some(words)}"
    elif naming.person_from:
        place = "the folders" if naming.person_from == FOLDER else "the names of the files"
        yield f"people from {place}: {_some(naming.names[f.motion.name].person for f in files)}"


def _column(file: Understood, role: Role) -> str:
    place = file.motion.layout.words.get(role)
    return "" if place is None else file.motion.layout.columns[place].name


def _some(words: Iterable[str]) -> str:
    different = [word for word, _ in Counter(word for word in words if word).most_common()]
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return ", ".join(sorted(different[:SHOWN])) + more


def _unit(role: Role, unit: Unit) -> str:
    how = {
        BY_HEADER: "by the header",
        BY_OPTION: "by --units",
        BY_DATA: f"by the readings ({unit.why})",
        BY_TUTORIAL: "as in the Arduino tutorial",
    }[unit.by]
    return f"{role.value} in {unit.name} {how}"


def _without(file: Understood) -> Iterable[str]:
    if any(column.without_gravity for column in file.motion.layout.sensors[0].columns):
        yield "the acceleration is without gravity"


def _left_out(file: Understood) -> Iterable[str]:
    layout = file.motion.layout
    if layout.magnetometers:
        yield "magnetometer left out"
    if layout.others:
        more = f" and {len(layout.others) - SHOWN} more" if len(layout.others) > SHOWN else ""
        yield f"{', '.join(layout.others[:SHOWN])}{more} left out"
