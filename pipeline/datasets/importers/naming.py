"""Labels and people of files: from columns, folders and names, as people use them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.core.imu_columns import Role, sensor_of
from pipeline.datasets.importers.findings import Question
from pipeline.datasets.importers.motion import Motion
from pipeline.datasets.importers.options import ImportOptions
from pipeline.datasets.tables.formats import SUFFIXES
from pipeline.datasets.tables.sources import GZIP

DEFAULT_PERSON = "p1"
REST = "idle"  # the label of recordings in which there is no gesture
STREAM = "stream"  # the label of recordings whose gestures are intervals
COLUMN, FOLDER, NAME, OPTION = "column", "folder", "name", "option"
FIRST, LAST = "first-word", "last-word"  # of the name; the other word is the person
# Folders of a split, and of programs: neither a label nor a person.
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation", "data", "raw"}
_PERSON = re.compile(
    r"(p|s|u|subj|subject|user|person|participant|proband|player|volunteer|id)[ _-]?\d+", re.I
)
# A number, a date, an id or "(2)" at the end of a name: it tells takes of one gesture apart.
_NUMBER = re.compile(
    r"(?:^|[._\s-]+|(?<=[A-Za-z]))"
    r"(?:\(?\d+\)?|\d[\d:T.Z+_-]*\d|(?=[a-f]*\d)[0-9a-f]{6,}|(?:take|trial|rep|sample|t|r|nr|no)\d+)$",
    re.I,
)
_DATE = re.compile(r"(?<=[^\W\d])[._\s-]*(?<!\d)20\d\d-?[01]\d-?[0-3]\d(?!\d)")
# Usual words for gestures: folders or names that have them are the labels.
_GESTURE_WORDS = """
wave circle flex punch shake idle rest still walk walking run running jog jump jumping
sit sitting stand standing left right up down swipe tap clap flick twist turn rotate
tilt throw push pull swing lift nod square triangle zigzag infinity eight none unknown
noise
"""
_GESTURES = set(_GESTURE_WORDS.split())
_SENSOR_WORDS = re.compile(
    r"(?i)(^|[._\s-]+)(total|linear|user|raw|un)?-?_?(calibrated)?"
    r"(acc(el)?(eration|erometer)?s?|gyro?(scope)?s?|imu|motion|sensor)([._\s-]+|$)"
)


@dataclass(frozen=True)
class Names:
    """The label and the person of a file, where no column and no option has them.

    Args:
        base: the name of the file without a number; files of one base are takes of one session.
        is_numbered: the name has a number that was taken off.
    """

    label: str
    person: str
    base: str
    is_numbered: bool


@dataclass(frozen=True)
class Naming:
    """Where labels and people come from.

    Args:
        label_from, person_from: column, folder, name or option; "" for the usual person.
        names: by file.
    """

    label_from: str
    person_from: str
    names: Mapping[PurePath, Names]


def naming_of(
    motions: Sequence[Motion], options: ImportOptions, known_labels: Sequence[str]
) -> Naming | Question:
    """Decide where labels and people come from; a question where the files do not tell.

    Args:
        known_labels: of the dataset.
    """
    stems = [_stem(motion.name) for motion in motions]
    files = {motion.name: _parts(motion.name, stems) for motion in motions}
    parts = list(files.values())
    label_from, person_from = _sources(motions, parts, options, known_labels)
    # Files without the column have a name and folders too.
    by_name = label_from if label_from != COLUMN else _label_from(parts, person_from, known_labels)
    if by_name == "?" and any(Role.LABEL not in motion.words for motion in motions):
        return _question(motions[0], parts)
    pairs = _pairs(parts) if by_name == NAME and person_from == "" else None
    if pairs is not None:
        by_name = _likelier_word(pairs, known_labels)
    if by_name == "":
        return _word_question(motions[0], parts)
    person_by_name = person_from if person_from != COLUMN else _person_from(parts, by_name)
    if options.label_from == COLUMN:
        by_name = ""
    names = {name: _names(part, by_name, person_by_name) for name, part in files.items()}
    if by_name in (FIRST, LAST):
        label_from, person_from = by_name, NAME
    return Naming(label_from, person_from, names)


def label_question(motion: Motion, naming: Naming) -> Question | None:
    """What to ask where nothing tells the label of a file."""
    if _has_label(motion, naming.names[motion.name], naming.label_from):
        return None
    what = "no column, folder or name tells its label"
    return Question(motion.place, what, "--label", "wave", "label", motion.table.first_lines)


def _has_label(motion: Motion, names: Names, label_from: str) -> bool:
    in_column = Role.LABEL in motion.words and label_from == COLUMN
    return in_column or label_from == OPTION or bool(names.label or motion.facts.get("label"))


@dataclass(frozen=True)
class _Parts:
    """folders: from the outermost to the nearest, without those of a split."""

    folders: tuple[str, ...]
    stem: str
    base: str
    person: str = ""  # a word of the name such as p01

    @property
    def is_numbered(self) -> bool:
        return self.base != self.stem


def _parts(name: PurePath, stems: Collection[str]) -> _Parts:
    """The parts of a name among those of other files."""
    folders = [part for part in name.parts[:-1] if part.lower() not in _SPLITS]
    stem = _stem(name)
    if sensor_of(stem) is not None and not _SENSOR_WORDS.sub("", _base(stem)).strip("._- "):
        # Accelerometer.csv: an app names the folder by what was recorded.
        stem = folders.pop() if folders else ""
    elif sensor_of(stem) is not None:
        stem = _SENSOR_WORDS.sub("_", stem).strip("._- ")
    if _PERSON.fullmatch(stem):
        return _Parts(tuple(folders), stem, stem, stem)
    words = re.split(r"[._\s-]+", stem)
    person = next((word for word in words if _PERSON.fullmatch(word)), "")
    without = re.sub(rf"(^|[._\s-]+){re.escape(person)}(?=$|[._\s-])", "", stem, count=1)
    base = _base(without if person else stem)
    alone = sum(_base(other) == base for other in stems) == 1
    if alone and re.fullmatch(r"[^\W\d_]+\d+", stem):
        base = stem  # punch2.csv by itself may be another gesture than punch
    return _Parts(tuple(folders), stem, base, person)


def _stem(name: PurePath) -> str:
    stem = PurePath(name.name)
    while stem.suffix.lower() in (*SUFFIXES, GZIP):
        stem = stem.with_suffix("")
    return stem.name


def _base(stem: str) -> str:
    """The name without numbers, dates and ids at its end."""
    stem = _DATE.split(stem)[0] or stem  # an app adds more after a date
    base = stem.partition(".")[0] if re.search(r"\.[\w-]{4,}$", stem) else stem
    while (shorter := _NUMBER.sub("", base)) != base:
        base = shorter
    return base.strip("._- ")


def _sources(
    motions: Sequence[Motion],
    files: Sequence[_Parts],
    options: ImportOptions,
    known_labels: Sequence[str],
) -> tuple[str, str]:
    """Where the label and the person come from; "?" for a label that is unclear."""
    has_label = any(Role.LABEL in motion.words for motion in motions)
    has_person = any(Role.PERSON in motion.words for motion in motions)
    label = OPTION if options.label is not None else options.label_from
    person = OPTION if options.person is not None else options.person_from
    if label is None and has_label:
        label = COLUMN
    if person is None and has_person:
        person = COLUMN
    if label is None:
        label = _label_from(files, person, known_labels)
    if person is None:
        person = _person_from(files, label)
    return label, person


def _label_from(files: Sequence[_Parts], person: str | None, known_labels: Sequence[str]) -> str:
    folders = {file.folders[-1] for file in files if file.folders}
    bases = {file.base for file in files}
    if not folders or person == FOLDER:
        return NAME
    if person == NAME or bases == {""}:
        return FOLDER
    if any(_PERSON.fullmatch(folder) for folder in folders):
        return NAME
    if any(_PERSON.fullmatch(file.stem) for file in files):
        return FOLDER
    known = {label.lower() for label in known_labels} | _GESTURES
    likely = _likelier(folders, bases, known)
    if likely is not None:
        return FOLDER if likely is folders else NAME
    return _by_repeats(files)


def _likelier(one: set[str], other: set[str], known: set[str]) -> set[str] | None:
    """Which of two sets of names has more labels that are known; None where both have as many."""
    counts = [sum(name.lower() in known for name in names) for names in (one, other)]
    return None if counts[0] == counts[1] else one if counts[0] > counts[1] else other


def _by_repeats(files: Sequence[_Parts]) -> str:
    """Labels repeat in the folders of people; takes of a label have names of their own."""
    nested = [file for file in files if file.folders]
    per_base: dict[str, set[str]] = {}
    for file in nested:
        per_base.setdefault(file.base, set()).add(file.folders[-1])
    folders = {file.folders[-1] for file in nested}
    if len(folders) == 1 or any(len(of) > 1 for of in per_base.values()):
        return FOLDER if all(file.base == file.folders[-1] for file in nested) else NAME
    if all(file.base == file.folders[-1] or not file.base for file in nested):
        return FOLDER  # wave/wave_1.csv
    return "?"


def _person_from(files: Sequence[_Parts], label: str) -> str:
    if any(file.person and file.person != file.stem for file in files):
        return NAME
    if label == NAME:
        return FOLDER if any(file.folders for file in files) else ""
    if label == FOLDER:
        deep = any(len(file.folders) > 1 for file in files)
        own = any(file.base and file.base != file.folders[-1] for file in files if file.folders)
        return NAME if own else FOLDER if deep else ""
    if any(file.folders for file in files):
        return FOLDER
    return NAME if all(file.person for file in files) else ""


def _names(file: _Parts, label_from: str, person_from: str) -> Names:
    nearest = file.folders[-1] if file.folders else ""
    above = file.folders[-2] if len(file.folders) > 1 else ""
    name = file.base or (file.stem if label_from == NAME and not nearest else "")
    words = re.split(r"[._\s-]+", file.base)
    if label_from in (FIRST, LAST) and len(words) > 1:
        first, last = words[0], words[-1]
        label, person = (first, last) if label_from == FIRST else (last, first)
        return Names(label, person, file.base, file.is_numbered)
    label = {FOLDER: nearest, NAME: name or nearest}.get(label_from, "")
    person = {
        FOLDER: (above if label_from == FOLDER else nearest),
        NAME: file.person or (file.base if label_from != NAME else ""),
    }.get(person_from, "")
    return Names(label, person or DEFAULT_PERSON, file.base, file.is_numbered)


def _pairs(files: Sequence[_Parts]) -> list[tuple[str, str]] | None:
    """The two words of each name, where each first word goes with several second ones."""
    words = [re.split(r"[._\s-]+", file.base) for file in files]
    if any(len(some) != 2 for some in words):
        return None
    pairs = sorted({(some[0], some[1]) for some in words})
    firsts, lasts = {first for first, _ in pairs}, {last for _, last in pairs}
    is_cross = min(len(firsts), len(lasts)) > 1 and len(pairs) == len(firsts) * len(lasts)
    return pairs if is_cross else None


def _likelier_word(pairs: Sequence[tuple[str, str]], known_labels: Sequence[str]) -> str:
    """Which word is the label; "" where neither is known."""
    firsts, lasts = {first for first, _ in pairs}, {last for _, last in pairs}
    likely = _likelier(firsts, lasts, {label.lower() for label in known_labels} | _GESTURES)
    return "" if likely is None else FIRST if likely is firsts else LAST


def _word_question(motion: Motion, files: Sequence[_Parts]) -> Question:
    bases = ", ".join(sorted({file.base for file in files})[:4])
    what = f"one word of the names ({bases}) is the label and the other the person, or both are one"
    example = f"{FIRST} (or {LAST}, or name)"
    return Question(motion.place, what, "--label-from", example, "label_from")


def _question(motion: Motion, files: Sequence[_Parts]) -> Question:
    folders = sorted({file.folders[-1] for file in files if file.folders})[:3]
    bases = sorted({file.base for file in files})[:3]
    what = (
        f"the folders ({', '.join(folders)}) or the names of the files ({', '.join(bases)}) "
        "may be the labels, and the others people"
    )
    return Question(motion.place, what, "--label-from", "folder (or name)", "label_from")
