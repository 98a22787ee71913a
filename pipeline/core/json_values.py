"""Results as values that JSON has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from pydantic import BaseModel


def plain(result: Any) -> Any:
    """Dataclasses, parts of a contract, paths and tuples as what JSON knows."""
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json", by_alias=True)
    if is_dataclass(result) and not isinstance(result, type):
        return plain(asdict(result))
    if isinstance(result, Mapping):
        return {str(key): plain(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [plain(value) for value in result]
    if isinstance(result, float) and not isfinite(result):
        return None  # JSON has no such numbers
    return str(result) if isinstance(result, Path) else result
