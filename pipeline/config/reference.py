"""The settings of all tasks, and their reference in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.config.caption_settings import CaptionConfig, QuestionConfig
from pipeline.config.forecast_settings import ForecastConfig
from pipeline.config.gesture_settings import GestureConfig
from pipeline.config.sections import Section, TaskConfig, kinds_of
from pipeline.config.sketch_settings import SketchConfig
from pipeline.config.text_settings import GenerationConfig, SentimentConfig
from pipeline.config.translation_settings import TranslationConfig

TASKS: dict[str, type[TaskConfig]] = {
    "gesture": GestureConfig,
    "sentiment": SentimentConfig,
    "generation": GenerationConfig,
    "forecast": ForecastConfig,
    "translation": TranslationConfig,
    "caption": CaptionConfig,
    "sketch": SketchConfig,
    "question": QuestionConfig,
}


def settings_reference() -> str:
    """Every key of every task, as Markdown, for the page on config keys."""
    return "\n\n".join(f"## `task: {task}`\n\n{table(kind)}" for task, kind in TASKS.items())


def table(kind: type[Section]) -> str:
    """A Markdown table of all keys of a section, with defaults and meanings."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for section, outer in kind.model_fields.items():
        inner = outer.annotation
        if outer.discriminator and not outer.description:
            rows += _rows_by_kind(section, get_args(inner), outer)
        elif isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += [_row(f"{section}.{key}", field) for key, field in inner.model_fields.items()]
        else:
            rows.append(_row(section, outer))
    return "\n".join(rows)


def _rows_by_kind(section: str, parts: Sequence[type[Section]], outer: FieldInfo) -> list[str]:
    """Rows of a section that is one of `parts`: each default with the kinds that have it."""
    kinds = ", ".join(kind for part in parts for kind in kinds_of(part))
    rows = [f"| `{section}.kind` | `{json.dumps(outer.default.kind)}` | which network: {kinds} |"]
    for key in dict.fromkeys(key for part in parts for key in part.model_fields if key != "kind"):
        having: dict[str, list[str]] = {}
        fields = {part: part.model_fields[key] for part in parts if key in part.model_fields}
        for part, field in fields.items():
            having.setdefault(_default(field), []).extend(kinds_of(part))
        defaults = "; ".join(f"{', '.join(names)}: {value}" for value, names in having.items())
        meaning = next(iter(fields.values())).description
        rows.append(f"| `{section}.{key}` | {defaults} | {meaning} |")
    return rows


def _row(key: str, field: FieldInfo) -> str:
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    meaning = field.description or (f"one of {', '.join(choices)}" if len(choices) > 1 else "")
    return f"| `{key}` | {_default(field)} | {meaning} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return f"`{json.dumps(field.default, default=lambda part: part.model_dump(mode='json'))}`"
