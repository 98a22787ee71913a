"""Search spaces: for keys of a config, the values that a search may give them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any, TypeAlias

from pydantic import Field, ValidationError, model_validator

from pipeline.config.file import KIND, Ready, apply_overrides, describe_fault, read_settings
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.reference import table
from pipeline.config.sections import Section, settings_of
from pipeline.core.errors import UsageError
from pipeline.core.project import SHIPPED_SPACE

MOST_KEYS, MOST_CHOICES = 64, 256
SEARCHED = ("window", "unknown", "augment", "model", "fit", "decision")
MODEL_KIND = ".".join(KIND)
_HEAD = """
## Search spaces

A search space is a YAML file for `gesture search`: keys of a gesture config, with a list of choices
or a range for each. A range has these keys. An example is configs/search_small.yaml.
"""


class Range(Section):
    """All numbers from `low` to `high`; whole ones if both are."""

    low: int | float = Field(description="smallest value")
    high: int | float = Field(description="largest value")
    step: Annotated[int | float, Field(gt=0)] | None = Field(
        None, description="distance of the values; null: every value"
    )
    log: bool = Field(False, description="each factor is as likely as any other, not each distance")

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return all(isinstance(end, int) for end in (self.low, self.high, self.step or 1))

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high:
            raise ValueError(f"low, {self.low:g}, must be less than high, {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError("of a range with log, low must be more than 0")
        if self.log and self.step is not None:
            raise ValueError("has log and step; a range has one of them")
        return self


Choices: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Choices | Range
Choose: TypeAlias = Callable[[str, Values], Any]


@dataclass(frozen=True)
class SearchSpace:
    """The values of each key. `model.kind` comes first, and a list before its items."""

    values: Mapping[str, Values]

    def settings(self, base: Mapping[str, Any], choose: Choose) -> dict[str, Any]:
        """The settings of a trial.

        A key is only chosen where it holds: `model.units` not for a kind of network without units,
        `model.convolutions.3.filters` not where there are three convolutions.

        Args:
            base: all settings of a config, with their defaults.
            choose: a value for a key.
        """
        content = copy.deepcopy(dict(base))
        for key, values in self.values.items():
            if _holds(content, key):
                _put(content, key, choose(key, values))
        return content

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            key: values.model_dump() if isinstance(values, Range) else list(values)
            for key, values in self.values.items()
        }


def load_search_space(path: Path, base: GestureConfig) -> SearchSpace:
    """Read a search space, and check its values against the schema of configs.

    Args:
        base: the config whose settings are searched.

    Raises:
        UsageError: with all faults of the file.
    """
    content = _flat(read_settings(path, ready=Ready("search space", [SHIPPED_SPACE])))
    keys = sorted(content, key=lambda key: (key != MODEL_KIND, key.count(".")))
    faults: list[str] = []
    if len(keys) > MOST_KEYS:
        faults.append(f"{len(keys)} keys; at most {MOST_KEYS} can be searched")
    values: dict[str, Values] = {}
    for key in keys[:MOST_KEYS]:
        try:
            values[key] = _values(key, content[key])
        except ValueError as error:
            faults += str(error).splitlines()
    space = SearchSpace(values)
    faults += [fault for key in values for fault in _faults(space, key, base.plain())]
    if faults:
        listed = "\n".join(f"  - {fault}" for fault in dict.fromkeys(faults))
        raise UsageError(
            f"{path} has keys that cannot be searched:\n{listed}",
            "a key or value is misspelt or out of range, or it is no list and no range",
            "correct the lines named above; docs/search.md shows how they are written",
        )
    return space


def search_space_reference() -> str:
    """The part about search spaces of the page on config keys."""
    return f"{_HEAD}\n{table(Range)}"


def _flat(content: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Sections within sections as keys with dots; a range is a value."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def _values(key: str, value: Any) -> Values:
    """Raises: ValueError: with a line for each fault."""
    if (
        key.partition(".")[0] not in SEARCHED
        and key.partition(".")[0] in GestureConfig.model_fields
    ):
        raise ValueError(
            f"{key}: cannot be searched: all trials have the same data and the same split"
        )
    if isinstance(value, list) and 0 < len(value) <= MOST_CHOICES:
        return tuple(value)
    if not isinstance(value, Mapping):
        raise ValueError(
            f"{key}: must be a list of 1 to {MOST_CHOICES} choices, or a range "
            "`{low: 1, high: 9}`"
        )
    try:
        return Range.model_validate(value)
    except ValidationError as error:
        faults = (describe_fault(fault, Range) for fault in _placed(error))
        raise ValueError("\n".join(f"{key}{_after(fault)}" for fault in faults)) from None


def _placed(error: ValidationError) -> list[Any]:
    """A fault for each place, though a number may be of one of two types."""
    by_place = {fault["loc"][:1]: fault for fault in error.errors()}
    return [{**fault, "loc": place or ("",)} for place, fault in by_place.items()]


def _after(fault: str) -> str:
    return fault if fault.startswith(":") else f".{fault}"


def _probes(values: Values) -> Choices:
    return (values.low, values.high) if isinstance(values, Range) else values


def _faults(space: SearchSpace, key: str, base: Mapping[str, Any]) -> list[str]:
    """What the schema says of the values of a key, in every config in which it holds."""
    contents = list(_contents(space, key, base))
    holding = [content for content in contents if _holds(content, key)]
    faults = []
    for content in holding or contents[:1]:
        for value in _probes(space.values[key]):
            changed = copy.deepcopy(content)
            try:
                _put_raw(changed, key, value)
                GestureConfig.model_validate(changed)
            except UsageError as error:
                faults.append(f"{key}: {error.why}")
            except ValidationError as error:
                # Settings that do not fit together are another choice's fault as well: such a
                # combination is left out when it is met.
                found = [one for one in error.errors() if one["type"] != "value_error"]
                faults += [describe_fault(one, GestureConfig) for one in found]
    if not holding and not faults:
        faults.append(f"{key}: holds for none of the choices")
    return faults


def _contents(space: SearchSpace, key: str, base: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A config for each choice that decides whether the key holds."""
    above = [
        one
        for one in space.values
        if one != key and (one == MODEL_KIND or f"{key}.".startswith(f"{one}."))
    ]
    for chosen in product(*(_probes(space.values[one]) for one in above)):
        content = copy.deepcopy(dict(base))
        try:
            for one, value in zip(above, chosen, strict=True):
                if _holds(content, one):
                    _put(content, one, value)
        except (ValidationError, UsageError):  # the fault of the other key
            continue
        yield content


def _holds(content: Mapping[str, Any], key: str) -> bool:
    """Whether these settings have a place for the key."""
    section, *names = key.split(".")
    place: Any = content.get(section)
    if key == MODEL_KIND or section != "model":
        return True
    for name in names:
        if isinstance(place, list):
            if not name.isdecimal() or int(name) >= len(place):
                return False
            place = place[int(name)]
        elif isinstance(place, Mapping) and name in place:
            place = place[name]
        else:
            return False
    return True


def _put(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a key. A section of a network gets the defaults of what it then lacks."""
    _put_raw(content, key, value)
    if key.startswith("model."):
        network = settings_of(content["model"]["kind"]).model_validate(content["model"])
        content["model"] = network.model_dump(mode="json")


def _put_raw(content: dict[str, Any], key: str, value: Any) -> None:
    in_samples, _, is_seconds = key.rpartition("_")
    if key.startswith("window.") and is_seconds == "s" and key != "window.rest_s":
        content["window"].pop(in_samples.removeprefix("window."), None)
    apply_overrides(content, [f"{key}={json.dumps(value)}"], lambda text, _: json.loads(text))


def written(values: Choices) -> Sequence[str | int | float | bool | None]:
    """Choices as a database keeps them: lists and sections as JSON."""
    return [json.dumps(one) if isinstance(one, list | dict) else one for one in values]
