"""Every setting with its default and meaning, as docs/configuration.md has it."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.config import Section, TrainConfig


def reference(kind: type[Section] = TrainConfig) -> str:
    """Every key with its default and meaning, as Markdown; docs/configuration.md is this text."""
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for section, outer in kind.model_fields.items():
        inner = outer.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += [_row(f"{section}.{key}", field) for key, field in inner.model_fields.items()]
        else:
            rows.append(_row(section, outer))
    return "\n".join(rows)


def _row(key: str, field: FieldInfo) -> str:
    default = "needed" if field.is_required() else f"`{json.dumps(field.default, default=_plain)}`"
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    meaning = field.description or (f"one of {', '.join(choices)}" if len(choices) > 1 else "")
    return f"| `{key}` | {default} | {meaning} |"


def _plain(section: BaseModel) -> dict[str, Any]:
    return section.model_dump(mode="json")
