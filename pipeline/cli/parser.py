"""How a command line is read: options that commands share, and commands loaded when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from pipeline.core.errors import StoppedError, UsageError

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Run = Annotated[Path, typer.Argument(help="A run folder, as train leaves it.")]
LATEST = Path("runs/latest")
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="A Dask scheduler, tcp://HOST:8786, or a class of a cluster; else this computer.",
    ),
]
Port = Annotated[str, typer.Option(help="auto, a path, id:SERIAL or socket://HOST:PORT.")]
NewLabel = Annotated[
    bool, typer.Option("--new-label", help="The label is meant, though nearly one that is there.")
]


def each_once(settings: Sequence[str] | None) -> Sequence[str]:
    """The values of `--set`; USAGE if a key is there twice: the last would win without a word."""
    keys = Counter(setting.partition("=")[0] for setting in settings or ())
    for key, times in keys.items():
        if times > 1:
            raise UsageError(
                f"`--set {key}=...` is there {times} times.",
                "only one value can be meant",
                "leave the others out",
            )
    return settings or ()


@contextmanager
def _help_printed() -> Iterator[None]:
    """While words are read, only help is printed. Raises OutputError where it cannot be."""
    try:
        yield
    except OSError as error:
        from pipeline.cli.terminal import OutputError  # loads rich

        raise OutputError(error) from None


class _Group(TyperGroup):
    """A group whose help may go to a full disk."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        with _help_printed():
            return super().parse_args(ctx, args)


def _is_path(value: Any) -> bool:
    """Whether it is one, or several."""
    return isinstance(value, Path) or (isinstance(value, list) and any(map(_is_path, value)))


def _is_empty(words: Any) -> bool:
    """Whether a word is empty, or one of several."""
    return words == "" or (isinstance(words, list | tuple) and "" in words)


class _Command(TyperCommand):
    """An option that takes one value takes it once: the last of two would replace the first
    without a word. An empty path is refused: it would be the current folder. Nor is it ended by
    Ctrl-C without a word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        values, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            once = not (getattr(option, "multiple", True) or getattr(option, "is_flag", False))
            if once and given.count(option) > 1:
                ctx.fail(f"Option '{option.opts[0]}' is there twice, and only one can be meant.")
        with _help_printed():
            rest = super().parse_args(ctx, args)
        for name, value in values.items():
            if _is_path(ctx.params.get(name)) and _is_empty(value):
                ctx.fail(f"{name.upper()} is empty, and a path is wanted.")
        return rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise StoppedError from None


class App(typer.Typer):
    """A group of commands that are read so; their help is plain text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"rich_markup_mode": None, "cls": _Group, **options})

    def command(self, *words: Any, **options: Any) -> Callable[..., Any]:
        """As its base; the command reads its options as `_Command` says."""
        return super().command(*words, **{"cls": _Command, **options})


@cache
def _commands_of(module: str) -> Mapping[str, Any]:
    """The commands of a module, by name."""
    return typer.main.get_group(import_module(module).app).commands


class _Commands(MutableMapping[str, Any]):
    """Commands by name; the module of one is imported when the command is asked for."""

    def __init__(self, listed: Mapping[str, tuple[str, str]]) -> None:
        self._listed = listed
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _commands_of(self._listed[name][0])[name]
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __len__(self) -> int:
        return len(self._listed)


def lazy_group(listed: Mapping[str, tuple[str, str]]) -> type[TyperGroup]:
    """A group whose help imports no command; listed: the module with `app`, and a help line."""

    class LazyGroup(_Group):
        """As its base, but for where its commands and their help come from."""

        def __init__(self, **attributes: Any) -> None:
            super().__init__(**{**attributes, "commands": {}})
            self.commands = _Commands(listed)

        def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002, as its base
            with formatter.section("Commands"):
                formatter.write_dl([(name, text) for name, (_, text) in listed.items()])

    return LazyGroup
