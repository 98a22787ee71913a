"""Every key has its range: beyond it a value is refused by the key's name, within it works."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt, MaxLen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from pipeline.config.budget import Budget
from pipeline.config.file import load_section, parsed_as
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.reference import TASKS
from pipeline.config.sections import SECTIONS, ConvolutionConfig, kinds_of
from pipeline.core.contract import MOST_US, DecisionPolicy, fixed_point_policy
from pipeline.core.errors import PipelineError
from pipeline.datasets.windows import make_dataset
from pipeline.training.models import Head, Source, build
from tests.refusals import refuses
from tests.takes import takes

ABSURD = (-1, 0, -0.5, 1e-300, 1e21, 2**31, 2**32, 2**63, 10**30, 1e308, 1e9, "", "x", None, [], {})
HERE = Path("config.yaml")
pytestmark = pytest.mark.xdist_group("tensorflow")  # networks are built
NEEDED: dict[str, dict[str, Any]] = {
    "gesture": {"data": {"path": "data"}},
    "sentiment": {"data": {"path": "data"}},
    "generation": {"data": {"path": "data"}},
    "forecast": {"data": {"path": "a.csv", "channels": ["a"], "targets": ["a"]}},
    "translation": {"data": {"path": "data"}},
    "caption": {"data": {"path": "data"}},
    "question": {"data": {"path": "data"}},
    "sketch": {"data": {"path": "a.npz"}},
}


@dataclass(frozen=True)
class Key:
    """A setting of a task; of a network, `network` is its kind."""

    task: str
    section: str
    name: str
    field: FieldInfo
    network: str = ""

    def __str__(self) -> str:
        return f"{self.task}:{self.network}{self.section}.{self.name}"


def keys() -> Iterator[Key]:
    for task, kind in TASKS.items():
        for section, outer in kind.model_fields.items():
            inner = outer.annotation
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from (Key(task, section, *one) for one in inner.model_fields.items())
    for part in SECTIONS:
        for name, field in part.model_fields.items():
            yield Key("gesture", "model", name, field, kinds_of(part)[0])


KEYS = [key for key in keys() if key.name not in ("kind", "path")]


def numbers_in(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The metadata of every number that an annotation allows, lists and unions gone through."""
    if annotation in (int, float):
        yield metadata
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from numbers_in(field.annotation, tuple(field.metadata))
    elif hasattr(annotation, "__metadata__"):
        yield from numbers_in(get_args(annotation)[0], tuple(_flat(annotation.__metadata__)))
    else:
        for one in get_args(annotation):
            yield from numbers_in(one, metadata)


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for one in metadata:
        yield from one.metadata if isinstance(one, FieldInfo) else (one,)


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_number_has_both_ends_and_every_list_one(key: Key) -> None:
    if key.name in ("test",) and key.task == "forecast":
        return  # a share or a date: a validator of its own says the range
    for metadata in numbers_in(key.field.annotation, tuple(key.field.metadata)):
        assert any(isinstance(one, Ge | Gt) for one in metadata), key
        assert any(isinstance(one, Le | Lt) for one in metadata), key
    if "..." in str(key.field.annotation).replace("Ellipsis", "..."):
        assert any(isinstance(one, MaxLen) for one in key.field.metadata), key


@pytest.mark.parametrize("field", Budget.model_fields.values(), ids=list(Budget.model_fields))
def test_so_has_every_number_of_a_budget(field: FieldInfo) -> None:
    (metadata,) = numbers_in(field.annotation, tuple(field.metadata))
    assert any(isinstance(one, Le | Lt) for one in metadata)


def content(key: Key, value: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {"task": key.task, **NEEDED[key.task]}
    section = {"kind": key.network} if key.network else {}
    if key.network and key.name != "convolutions" and key.field.is_required():
        section["convolutions"] = [{"filters": 4}]
    return {**whole, key.section: {**whole.get(key.section, {}), **section, key.name: value}}


def made_or_why(make: Callable[[], Any]) -> Any:
    """What was made, or how it was refused. Anything else that is raised is a fault."""
    try:
        return make()
    except PipelineError as error:
        return f"{error.what} {error.next_step}"


def built_or_why(model: dict[str, Any]) -> Any:
    config = {**NEEDED["gesture"], "model": model}
    return made_or_why(
        lambda: build(parsed_as(GestureConfig, HERE, config).model, Source(32, 6), Head(3))
    )


strange = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(ABSURD)
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(KEYS), strange)
def test_any_value_is_taken_or_refused_by_the_name_of_its_key(key: Key, value: Any) -> None:
    made = made_or_why(lambda: parsed_as(TASKS[key.task], HERE, content(key, value)).plain())
    if isinstance(made, str):
        # Settings that must go together name one of them.
        assert f"{key.section}.{key.name}" in made or f"  - {key.section}" in made
    else:
        assert TypeAdapter(dict[str, Any]).dump_json(made)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("fit.seed=-1", "fit.seed"),
        ("augment.seed=-1", "augment.seed"),
        ("split.seed=-5", "split.seed"),
        ("unknown.seed=4294967296", "unknown.seed"),
        ("window.rest_s=[2.5, 1.5]", "window.rest_s"),
        ("window.rest_s=[-1, 1]", "window.rest_s"),
        ("fit.epochs=1.0e21", "fit.epochs"),
        ("augment.passes=1000000000", "augment.passes"),
        ("decision.refractory_s=4295", "decision.refractory_s"),
        ("model.convolutions=[{filters: 1000000000}]", "model.convolutions"),
        ("fit.learning_rate=1.0e-300", "fit.learning_rate"),
    ],
)
def test_what_once_crashed_or_never_ended_is_refused(
    tmp_path: Path, setting: str, named: str
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("data: {path: data}\n")
    with refuses(what=named):
        load_section(file, GestureConfig, [setting])


def ends(metadata: tuple[Any, ...], whole: bool) -> Iterator[float]:
    """The least and the greatest number that are allowed."""
    step = 1 if whole else 1e-9
    for one in metadata:
        match one:
            case Ge():
                yield one.ge  # type: ignore[misc]
            case Gt():
                yield one.gt + step  # type: ignore[operator]
            case Le():
                yield one.le  # type: ignore[misc]
            case Lt():
                yield one.lt - step  # type: ignore[operator]


SMALL = {
    "data": {"path": "data"},
    "window": {"length": 32, "hop": 8},
    "split": {"folds": 2, "by": "take"},
    "augment": {"passes": 2},
}
# Rows by the million would be made: what they cost is known before.
DEAR = {"passes", "pulled", "share"}
OF_DATA = [key for key in KEYS if key.task == "gesture" and key.section in (*SMALL, "unknown")]


@pytest.mark.parametrize("key", [key for key in OF_DATA if key.name not in DEAR], ids=str)
def test_data_are_made_or_refused_at_both_ends_of_a_range(key: Key) -> None:
    recordings = takes(["flex", "punch", "idle"], ("anna", "bo"), each=4)
    for metadata in numbers_in(key.field.annotation, tuple(key.field.metadata)):
        for end in ends(metadata, whole="int" in str(key.field.annotation)):
            value = [0, end] if key.name == "rest_s" else end
            section = {**SMALL.get(key.section, {}), key.name: value}
            made = made_or_why(
                lambda whole={**SMALL, key.section: section}: make_dataset(  # type: ignore[misc]
                    recordings, parsed_as(GestureConfig, HERE, whole)
                )
            )
            assert isinstance(made, str) or np.isfinite(made.samples).all()


NETWORKS = [key for key in KEYS if key.section == "model" and key.name != "dropout"]


@pytest.mark.parametrize("key", NETWORKS, ids=str)
def test_a_network_is_built_or_refused_at_both_ends_of_a_range(key: Key) -> None:
    for metadata in numbers_in(key.field.annotation, tuple(key.field.metadata)):
        for end in ends(metadata, whole=True):
            value = _network_value(key.name, end)
            built = built_or_why({"kind": key.network, key.name: value})
            assert isinstance(built, str) or built.count_params() > 0


def _network_value(name: str, end: float) -> Any:
    if name == "convolutions":
        return [{"filters": end}]
    return [end] if name in ("units", "filters") else end


@pytest.mark.parametrize("name", ["kernel", "dilation", "pool"])
def test_a_convolution_is_built_or_refused_at_both_ends_of_its_ranges(name: str) -> None:
    field = ConvolutionConfig.model_fields[name]
    for end in ends(tuple(field.metadata), whole=True):
        built = built_or_why({"convolutions": [{"filters": 2, name: end}]})
        assert isinstance(built, str) or built.count_params() > 0


@given(st.floats(0, MOST_US / 1e6, exclude_max=True), st.integers(1, 16))
def test_a_silence_fits_what_a_board_counts_in(refractory_s: float, windows: int) -> None:
    policy = DecisionPolicy(
        smoothing_windows=windows,
        thresholds=(0.5,),
        release=0.4,
        refractory_s=refractory_s,
        background=None,
    )
    assert 0 <= fixed_point_policy(policy, ("up",)).refractory_us <= MOST_US


@pytest.mark.parametrize("refractory_s", [-1.0, 4295.0, float("nan"), float("inf")])
def test_no_contract_has_a_silence_that_a_board_cannot_count(refractory_s: float) -> None:
    with pytest.raises(ValueError, match="refractory_s"):
        DecisionPolicy(
            smoothing_windows=1,
            thresholds=(0.5,),
            release=0.4,
            refractory_s=refractory_s,
            background=None,
        )


def test_ranges_are_found_in_lists_too() -> None:
    """The walk above would pass over what it does not see."""
    found = {str(key): list(numbers_in(key.field.annotation)) for key in KEYS}
    assert [len(found[f"gesture:{name}"]) for name in ("window.rest_s", "densemodel.units")] == [
        2,
        1,
    ]
    assert len(found["gesture:conv1dmodel.convolutions"]) == 4
    assert len(found["forecast:window.horizons"]) == 1
