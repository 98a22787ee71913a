"""What a person may say about the files of an import, on the command line or in a layout file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import UsageError
from pipeline.core.files import regular, save_text, why_missing
from pipeline.core.imu_columns import KNOWN_UNITS, Role, read_columns
from pipeline.core.plurals import counted
from pipeline.core.units_option import unit_factor
from pipeline.datasets.recording_file import check_name

HIGHEST_RATE_HZ = 100_000.0
PERSON_FROM = ("column", "folder", "name")
LABEL_FROM = (*PERSON_FROM, "first-word", "last-word")
SENSORS = (Role.ACCELERATION, Role.TURNING)


@dataclass(frozen=True)
class ImportOptions:
    """What is said about the files; None and () leave it to what the files say.

    Args:
        label: of everything.
        person: of everything.
        rate_hz: of everything, whatever a clock says.
        take_rows: rows of each take.
        columns: what each column holds, as a header would say it; "-" for others.
        units: of the acceleration, then of the turning: "m/s2", "rad/s", "counts 16384".
        separator: of cells.
        label_from: column, folder, name, or the first-word or last-word of the name.
        person_from: column, folder or name.
    """

    label: str | None = None
    person: str | None = None
    rate_hz: float | None = None
    take_rows: int | None = None
    columns: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    separator: str | None = None
    label_from: str | None = None
    person_from: str | None = None

    def __post_init__(self) -> None:
        """Check all that is said.

        Raises:
            PipelineError: USAGE.
        """
        rate_hz = 1.0 if self.rate_hz is None else self.rate_hz
        if not 0 < rate_hz <= HIGHEST_RATE_HZ or (self.take_rows or 2) < 2 or self.take_rows == 0:
            said = (
                [f"{counted(self.take_rows, 'row')} a take"] if self.take_rows is not None else []
            )
            said += [f"{self.rate_hz:g} Hz"] if self.rate_hz is not None else []
            raise UsageError(
                f"{' at '.join(said)} is not possible.",
                "a take has two rows or more, and a rate is above 0 and up to 100 kHz",
                "give such as `--rate-hz 100 --take-rows 120`, or leave them out",
            )
        for kind, name in (("label", self.label), ("person", self.person)):
            if name is not None and not name.strip():
                check_name(kind, "")
        for option, place, places in (
            ("label", self.label_from, LABEL_FROM),
            ("person", self.person_from, PERSON_FROM),
        ):
            if place is not None and place not in places:
                raise UsageError(
                    f"--{option}-from {place} is unknown.",
                    f"a {option} comes from a column, a folder or the name of a file",
                    f"choose from: {', '.join(places)}",
                )
        for role, unit in zip(SENSORS, self.units, strict=False):
            if unit_factor(role, unit) is None:
                raise UsageError(
                    f"{unit!r} is no unit of {role.value} that is known.",
                    f"known are {KNOWN_UNITS[role]}; counts with how many are 1 g, or 1 deg/s",
                    'give such as `--units "m/s2,rad/s"` or `--units "counts 16384,counts 131"`',
                )
        if self.columns:
            check_columns(self.columns)

    def or_from(self, layout: ImportOptions) -> ImportOptions:
        """These options; those that say nothing as in a layout."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(
            layout, **{key: value for key, value in said.items() if value not in (None, ())}
        )


def _said(options: ImportOptions) -> dict[str, Any]:
    """The options that say something."""
    return {key: value for key, value in asdict(options).items() if value not in (None, ())}


def check_columns(columns: Sequence[str]) -> None:
    """USAGE unless the three axes of an accelerometer or of a gyroscope are named."""
    channels = {column.channel for column in read_columns(columns)}
    if not any({f"{sensor}{axis}" for axis in "xyz"} <= channels for sensor in "ag"):
        raise UsageError(
            f"`--columns {','.join(columns)}` names no sensor.",
            "a recording needs three axes of acceleration",
            "name each column, such as `--columns t_ms,ax,ay,az,gx,gy,gz,-,label`",
        )


def split_list(text: str) -> tuple[str, ...]:
    """The parts of a list with commas."""
    return tuple(part.strip() for part in text.split(",")) if text.strip() else ()


def load_layout(path: Path) -> ImportOptions:
    """Read a layout file.

    Raises:
        PipelineError: USAGE, for a file that is none.
    """
    try:
        content = yaml.safe_load(regular(path).read_text("utf-8")) or {}
        if not isinstance(content, dict):
            raise ValueError("it is no list of settings")
        known = {field.name for field in fields(ImportOptions)}
        unknown = sorted(map(str, set(content) - known))
        if unknown:
            raise ValueError(f"it has the unknown setting {unknown[0]}")
        return ImportOptions(**{key: _parsed(key, value) for key, value in content.items()})
    except (OSError, ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise UsageError(
            f"{path} is no layout: {reason}.",
            why_missing(path, "file", "it was edited, or is another kind of file"),
            "`gesture data import FILE --save-layout mine.yaml` writes one",
        ) from None


def _parsed(key: str, value: Any) -> Any:
    if value is None:
        return None
    if key in ("columns", "units"):
        return tuple(map(str, value)) if isinstance(value, list) else split_list(str(value))
    if key == "take_rows":
        return int(value)
    return float(value) if key == "rate_hz" else str(value)


def save_layout(options: ImportOptions, path: Path) -> None:
    """Write what is said into a layout file."""
    said = {key: value for key, value in asdict(options).items() if value not in (None, ())}
    content = {
        key: list(value) if isinstance(value, tuple) else value for key, value in said.items()
    }
    save_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
