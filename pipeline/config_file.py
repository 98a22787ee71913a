"""Settings in YAML, as a person writes them. All faults of a file are told together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from pipeline.config_faults import describe_fault
from pipeline.config_models import Section
from pipeline.errors import ExitCode, PipelineError

Kind = TypeVar("Kind", bound=Section)


def load_section(path: Path, kind: type[Kind], overrides: Iterable[str] = ()) -> Kind:
    """The file's values, then each `section.key=value` of `overrides`, as a `kind`.

    Raises PipelineError (exit code USAGE) that lists every fault.
    """
    return parsed_as(kind, path, read_settings(path, overrides))


def read_settings(path: Path, overrides: Iterable[str] = ()) -> dict[str, Any]:
    """What the file says, with the overrides, before it is held against anything."""
    content = _read_yaml(path)
    for override in overrides:
        _apply_override(content, override)
    return content


def parsed_as(kind: type[Kind], path: Path, content: dict[str, Any]) -> Kind:
    """`content`, which is of the file `path`, as a `kind`; raises as load_section does."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = "\n".join(f"  - {describe_fault(fault, kind)}" for fault in error.errors())
        raise PipelineError(
            f"{path} has settings that cannot be used:\n{faults}",
            "a key or value is misspelt, out of range, or of another version",
            "mend the lines named above; docs/configuration.md lists every key",
            ExitCode.USAGE,
        ) from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = _parsed(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        raise PipelineError(
            f"There is no config file {path}.",
            "the path is misspelt, or relative to another folder",
            "`ls configs/` shows the ready ones",
            ExitCode.USAGE,
        ) from None
    except OSError as error:
        raise PipelineError(
            f"{path} cannot be read: {error.strerror}.",
            "it is a folder, or a file that you may not read",
            "name a YAML file; `ls configs/` shows the ready ones",
            ExitCode.USAGE,
        ) from None
    except UnicodeDecodeError as error:
        raise _no_yaml(str(path), error) from None
    if not isinstance(content, dict):
        raise PipelineError(
            f"{path} holds no settings.",
            "the file is empty, or a list where `key: value` lines belong",
            "start from a copy of a file in configs/",
            ExitCode.USAGE,
        )
    return content


def _parsed(text: str, source: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: of a day that is in no calendar
        raise _no_yaml(source, error) from None


def _no_yaml(source: str, error: Exception) -> PipelineError:
    return PipelineError(
        f"{source} is not readable as YAML: {' '.join(str(error).split())}",
        "a colon, a quote or the indentation is off near the place named",
        "compare it with a file in configs/",
        ExitCode.USAGE,
    )


def _apply_override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise PipelineError(
            f"`--set {override}` is not of the form key=value.",
            "the equals sign is missing",
            "write for example `--set fit.epochs=20`",
            ExitCode.USAGE,
        )
    *sections, name = key.split(".")
    for section in sections:
        content = content.setdefault(section, {})
        if not isinstance(content, dict):
            raise PipelineError(
                f"`--set {override}`: `{section}` is a value, not a section.",
                "the key has one dot too many",
                "docs/configuration.md lists every key",
                ExitCode.USAGE,
            )
    content[name] = _parsed(value, f"`--set {override}`")
