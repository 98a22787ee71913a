"""What is wrong with a setting, in words: by its full key, with the nearest right one."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel

from pipeline.config_models import settings_of, why_no_setting


def describe_fault(fault: Any, kind: type[BaseModel]) -> str:
    """fault: one of a ValidationError's, of a file that was read as a `kind`."""
    path = [str(part) for part in fault["loc"]]
    has_kinds = path[0] in kind.model_fields and kind.model_fields[path[0]].discriminator
    network = path.pop(1) if has_kinds and len(path) > 1 else None
    place = ".".join(path)
    if fault["type"] != "extra_forbidden":
        return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
    reason = why_no_setting(network, path[-1]) if network and len(path) == 2 else None
    if reason:
        return f"{place}: {reason}"
    known = _known_keys(kind, path[:-1], network)
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    if near:
        return f"{place}: unknown key; did you mean `{'.'.join([*path[:-1], near[0]])}`?"
    return f"{place}: unknown key{_whose(kind, known) if len(path) == 1 else ''}"


def _whose(kind: type[BaseModel], sections: list[str]) -> str:
    """Of a task: what it has instead of a section that is another's."""
    task = kind.model_fields.get("task")
    return f"; {task.default} has {', '.join(sections)}" if task else ""


def _known_keys(model: type[BaseModel], sections: list[str], network: str | None) -> list[str]:
    for section in sections:
        inner = settings_of(network) if network else model.model_fields[section].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model, network = inner, None
    return list(model.model_fields)
