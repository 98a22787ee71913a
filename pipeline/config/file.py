"""Config files: settings in YAML. All faults of a file are reported together."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args
from unicodedata import category

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from pipeline.config.faults import in_words
from pipeline.config.sections import SECTIONS, Section, kinds_of, settings_of, why_no_setting
from pipeline.core.errors import PipelineError, UsageError
from pipeline.core.files import regular, why_missing
from pipeline.core.project import CONFIGS, shipped_configs

Kind = TypeVar("Kind", bound=Section)
MOST_BYTES = 256_000
MOST_DEPTH = 20


class Ready(NamedTuple):
    """Files that come with the tool. what: they are, in the singular."""

    what: str
    names: Sequence[str]

    @property
    def said(self) -> str:
        """All of them in words."""
        verb = "is" if len(self.names) == 1 else "are"
        return f"the ready {self.what}{'s' * (verb == 'are')} {verb} {', '.join(self.names)}"

    def nearest(self, path: Path) -> str:
        """A question about the one whose name is most like a path's; empty where none is."""
        near = difflib.get_close_matches(path.stem.lower(), self.names, n=1, cutoff=0.5)
        return f"did you mean `{near[0]}`? " if near else ""


READY_CONFIGS = Ready("config", shipped_configs())


def load_section(
    path: Path,
    kind: type[Kind],
    overrides: Iterable[str] = (),
    ready: Ready = READY_CONFIGS,
) -> Kind:
    """Read a config file; overrides, each `section.key=value`, replace its values.

    ready: the files that a name can mean.

    Raises:
        PipelineError: USAGE, with all faults of the file.
    """
    overrides = tuple(overrides)
    return parsed_as(kind, path, read_settings(path, overrides, ready), overrides)


def read_settings(
    path: Path, overrides: Iterable[str] = (), ready: Ready = READY_CONFIGS
) -> dict[str, Any]:
    """The settings of a file with overrides, not checked against a schema."""
    content = _read_yaml(path, ready)
    apply_overrides(content, overrides, _parsed)
    return content


def parsed_as(
    kind: type[Kind], path: Path, content: dict[str, Any], overrides: Sequence[str] = ()
) -> Kind:
    """Check settings of a file, with `overrides` in them, against a schema; as `load_section`."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        faults = [_Fault.of(fault, kind, overrides) for fault in error.errors()]
        raise _unusable(path, faults) from None


class _Fault(NamedTuple):
    """override: the `--set` that the fault comes from; None where it is in the file."""

    text: str
    override: str | None

    @classmethod
    def of(cls, fault: Any, kind: type[BaseModel], overrides: Sequence[str]) -> _Fault:
        text = describe_fault(fault, kind)
        place = text.partition(":")[0]
        by = (one for one in overrides if f"{place}.".startswith(f"{one.partition('=')[0]}."))
        return cls(text, next(by, None))


def _unusable(path: Path, faults: Sequence[_Fault]) -> PipelineError:
    lines = [
        f"  - {fault.text}" + (f" (`--set {fault.override}`)" if fault.override else "")
        for fault in faults
    ]
    in_file = any(fault.override is None for fault in faults)
    listed = "\n".join(lines)
    return UsageError(
        f"{path} has settings that cannot be used:\n{listed}"
        if in_file
        else f"`--set` has settings that cannot be used:\n{listed}",
        "a key or value is misspelt, out of range, or of another version",
        "correct the lines named above; `gesture settings` lists every key",
    )


def _read_yaml(path: Path, ready: Ready) -> dict[str, Any]:
    try:
        content = _parsed(_text_of(_config_file(path, ready)), str(path))
    except FileNotFoundError:
        raise UsageError(
            f"There is no {ready.what} file {path}.",
            why_missing(path, "file", "the path is misspelt, or relative to another folder"),
            f"{ready.nearest(path)}{ready.said}; or name a YAML file",
        ) from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.",
            why_missing(path, "file", "it is a file that you may not read"),
            f"name a YAML file; {ready.said}",
        ) from None
    except UnicodeDecodeError as error:
        raise _no_yaml(str(path), error) from None
    if not isinstance(content, dict):
        raise UsageError(
            f"{path} holds no settings.",
            "the file is empty, or a list where `key: value` lines belong",
            f"start from a copy of a ready config; they are in {CONFIGS}",
        )
    return content


def _config_file(path: Path, ready: Ready) -> Path:
    """A path, or the ready file of this name if there is no such file."""
    is_name = str(path) in ready.names and not path.exists()
    return CONFIGS / f"{path}.yaml" if is_name else path


def _text_of(path: Path) -> str:
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES:,} bytes, and settings have few")
    return regular(path).read_text(encoding="utf-8")


class _Loader(yaml.SafeLoader):
    """YAML without aliases, without doubled keys and without deep nesting.

    Aliases can fill the memory from a page of text. Of a doubled key only the last would count.
    """

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise self._error("an alias such as *name is not supported", event)
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise self._error(f"settings are nested more than {MOST_DEPTH} deep", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise self._error(f"`{key.value}` is there twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def _error(self, what: str, at: Any) -> yaml.YAMLError:
        return yaml.MarkedYAMLError(problem=what, problem_mark=at.start_mark)


def _parsed(text: str, source: str) -> Any:
    try:
        content = yaml.load(text, _Loader)  # it is a SafeLoader
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date such as 2026-13-45
        raise _no_yaml(source, error) from None
    _check_words(content, source)
    return content


def _check_words(content: Any, source: str) -> None:
    """Refuse words with characters that cannot be printed: no file, label or column has them."""
    if isinstance(content, dict):
        for key, value in content.items():
            _check_words(key, source)
            _check_words(value, source)
    elif isinstance(content, list):
        for value in content:
            _check_words(value, source)
    elif isinstance(content, str) and any(category(letter) in ("Cc", "Cs") for letter in content):
        raise UsageError(
            f"{source}: {content[:80]!r} has a character that cannot be printed.",
            "it was possibly copied from another program, or written as an escape",
            "type the word again",
        )


def _no_yaml(source: str, error: Exception) -> PipelineError:
    return UsageError(
        f"{source} is not readable as YAML: {' '.join(str(error).split())}",
        "a colon, a quote or the indentation is possibly wrong near that place",
        f"compare it with a ready config; they are in {CONFIGS}",
    )


KIND = ["model", "kind"]


class _Override(NamedTuple):
    text: str
    keys: list[str]
    value: Any


def apply_overrides(
    content: dict[str, Any], overrides: Iterable[str], parse: Callable[[str, str], Any]
) -> None:
    """Change settings by overrides.

    An item of a list has its number, from 0, as key. Another kind of network removes the settings
    of the former kind that it does not have. Of two overrides of one key the later one counts.
    """
    parsed = [_override(text, parse) for text in overrides]
    for override in sorted(parsed, key=lambda one: one.keys != KIND):  # model.kind comes first
        if override.keys == KIND:
            _drop_other_kinds(content, override.value)
        _put(content, override)


def _override(text: str, parse: Callable[[str, str], Any]) -> _Override:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise UsageError(
            f"`--set {text}` is not of the form key=value.",
            "the equals sign is missing",
            "write for example `--set fit.epochs=20`",
        )
    return _Override(text, key.split("."), parse(value, f"`--set {text}`"))


def _drop_other_kinds(content: dict[str, Any], kind: Any) -> None:
    model = content.get("model")
    known = [name for section in SECTIONS for name in kinds_of(section)]
    if isinstance(model, dict) and kind in known:
        content["model"] = {
            key: model[key] for key in model if key in settings_of(kind).model_fields
        }


def _put(content: Any, override: _Override) -> None:
    *sections, name = override.keys
    for section in sections:
        if isinstance(content, dict):
            content.setdefault(section, {})
        content = content[_place(content, section, override)]
    content[_place(content, name, override)] = override.value


def _place(content: Any, name: str, override: _Override) -> str | int:
    if isinstance(content, dict):
        return name
    if isinstance(content, list) and name.isdecimal() and int(name) < len(content):
        return int(name)
    what = f"a list of {len(content)}" if isinstance(content, list) else "a value, not a section"
    raise UsageError(
        f"`--set {override.text}`: there is no `{name}` in {what}.",
        "the key has one dot too many, or an item's number is not among 0, 1, 2 and so on",
        "`gesture settings` lists every key; a whole list is set as `--set 'key=[1, 2]'`",
    )


def describe_fault(fault: Any, kind: type[BaseModel]) -> str:
    """A fault of a config, an error of a pydantic ValidationError, in one line."""
    path = [str(part) for part in fault["loc"]]
    network = _pop_network(kind, path)
    place = ".".join(path)
    if fault["type"] != "extra_forbidden":
        return f"{place}: {in_words(fault)}"
    known = _known_keys(kind, path[:-1], network)
    of_network = network is not None and known == list(settings_of(network).model_fields)
    reason = why_no_setting(network, path[-1]) if network and of_network else None
    if reason:
        return f"{place}: {reason}"
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    if near:
        return f"{place}: unknown key; did you mean `{'.'.join([*path[:-1], near[0]])}`?"
    return f"{place}: unknown key{_sections_of(kind, known) if len(path) == 1 else ''}"


def _pop_network(model: Any, path: list[str]) -> str | None:
    """Take the kind of network, which pydantic puts after its section, out of a path."""
    for at, section in enumerate(path[:-1]):
        field = getattr(model, "model_fields", {}).get(section)
        if field is None:
            return None
        if field.discriminator:
            return path.pop(at + 1)
        model = _of_items(field)
    return None


def _sections_of(kind: type[BaseModel], sections: list[str]) -> str:
    task = kind.model_fields.get("task")
    return f"; {task.default} has {', '.join(sections)}" if task else ""


def _known_keys(model: type[BaseModel], sections: list[str], network: str | None) -> list[str]:
    for section in sections:
        if section.isdecimal():  # of a list, whose items the section before it has named
            continue
        field = model.model_fields[section]
        inner = settings_of(network) if network and field.discriminator else _of_items(field)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def _of_items(field: FieldInfo) -> Any:
    """The type of a section, or of the items of a list."""
    return next(iter(get_args(field.annotation)), field.annotation)
