"""The part of the site that is made from the code: `make docs` builds it with mkdocs.

A page has the comment `<!-- table: NAME -->` where the table NAME of TABLES belongs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer.main

from benchmarks import page_tables
from benchmarks.house import BEFORE
from benchmarks.page_tables import table
from pipeline.cli.app import app
from pipeline.compiler.advice import MADE_BY
from pipeline.compiler.graph import INT16, SUPPORTED
from pipeline.config.budget import budget_reference
from pipeline.config.reference import settings_reference
from pipeline.config.search_space import search_space_reference
from pipeline.core.errors import ExitCode

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PROJECT = Path(__file__).resolve().parent.parent
PACKAGE = PROJECT / "pipeline"
FIRMWARE = PROJECT / "firmware"
MARKER = re.compile(r"<!-- table: ([a-z-]+) -->")
# Pages of the site that lie elsewhere, because a visitor of the repository looks for them there.
ELSEWHERE = {
    "index.md": "README.md",
    "data.md": "data/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}


def on_config(config: MkDocsConfig) -> None:
    """Add a page for each package to the navigation."""
    assert config.nav is not None
    config.nav.append({"Python API": [{name: f"api/{name}.md"} for name in packages()]})


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not lie in docs/."""
    from mkdocs.structure.files import File

    for name, text in generated_pages().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill in the tables of a page."""
    return rendered(markdown)


def generated_pages() -> dict[str, str]:
    """By their names on the site."""
    pages = {name: (PROJECT / source).read_text("utf-8") for name, source in ELSEWHERE.items()}
    pages["commands.md"] = commands()
    return pages | {f"api/{name}.md": api(name) for name in packages()}


def rendered(markdown: str) -> str:
    """A page with its tables, and with links that hold on the site."""
    filled = MARKER.sub(lambda found: TABLES[found[1]](), markdown)
    for name, source in ELSEWHERE.items():
        filled = re.sub(rf'(\]\(|src=")(\.\./)?{re.escape(source)}', rf"\g<1>{name}", filled)
    return re.sub(r'(\]\(|src=")(\.\./)?docs/', r"\g<1>", filled)


def packages() -> list[str]:
    """The packages inside `pipeline`."""
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


def api(package: str) -> str:
    """A page with every documented name of a package."""
    modules = sorted(file.stem for file in (PACKAGE / package).glob("*.py"))
    names = [package, *(f"{package}.{module}" for module in modules if module[0] != "_")]
    return "\n\n".join([f"# {package}", *(f"::: pipeline.{name}" for name in names)])


def package_table() -> str:
    """What each package is for, from the first line of its `__init__.py`."""
    rows = ((f"`pipeline/{name}`", purpose(PACKAGE / name)) for name in packages())
    return table(("package", "purpose"), rows)


def purpose(package: Path) -> str:
    """The first sentence of a package's docstring."""
    text = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    return text.splitlines()[0]


def firmware_table() -> str:
    """What each folder of `firmware/lib` is for, from the first comment of its header."""
    folders = sorted(path for path in (FIRMWARE / "lib").iterdir() if path.is_dir())
    return table(("folder", "purpose"), ((f"`lib/{one.name}`", header(one)) for one in folders))


def header(folder: Path) -> str:
    """The first sentence of a folder's main header."""
    headers = [folder / f"{folder.name}.h", *sorted(folder.glob("*.h"))]
    text = next(file for file in headers if file.is_file()).read_text("utf-8")
    comment = re.search(r"/\*\s*(.*?)(?:\*/|\n \*\n)", text, re.DOTALL)
    assert comment is not None, folder
    return " ".join(comment[1].replace("\n *", " ").split())


def exit_codes() -> str:
    """Every exit code of the commands."""
    rows = ((str(int(code)), word(code.name), code.meaning) for code in ExitCode)
    return table(("code", "name", "meaning"), rows)


def word(name: str) -> str:
    """A constant's name as words."""
    return name.lower().replace("_", " ")


def commands() -> str:
    """A page with every command, its arguments and its options."""
    parts = [f"## gesture {name}\n\n{command_text(command)}" for name, command in all_commands()]
    head = "Every command takes `--help`; every command that prints results takes `--json`."
    return "\n\n".join(["# Commands", head, *parts])


def all_commands() -> Iterator[tuple[str, Any]]:
    """The words that call a command, and the command."""
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {below}", one) for below, one in inner.items())


def command_text(command: Any) -> str:
    """The help of a command as Markdown."""
    text, _, example = command.help.partition("\b")
    rows = [parameter_row(one) for one in command.params if one.name != "help"]
    shown = re.sub(r"^\s*Example: ", "", example, flags=re.MULTILINE).strip()
    parts = [text.strip(), f"```\n{shown}\n```", table(("argument", "default", "meaning"), rows)]
    return "\n\n".join(parts)


def parameter_row(parameter: Any) -> tuple[str, str, str]:
    """An argument or an option: how it is written, its default, its meaning."""
    is_option = parameter.param_type_name == "option"
    name = " ".join(parameter.opts) if is_option else parameter.name.upper()
    needed = parameter.required
    default = "" if parameter.default in (None, False) or needed else f"`{parameter.default}`"
    return f"`{name}`", "needed" if needed else default, parameter.help or ""


def size_table() -> str:
    """How large the source is now, beside what it was before."""
    now = {name: f"{one['value']:,}" for name, one in page_tables.recorded("house").items()}
    before = {name: f"{value:,}" for name, value in BEFORE.items()}
    return table(("", "before", "now"), [(name, before.get(name, ""), now[name]) for name in now])


def operator_table() -> str:
    """What the compiler takes, in which types, and the layers of Keras that become it."""
    types = {name: "int8, int16" if name in INT16 else "int8" for name in SUPPORTED}
    rows = ((f"`{name}`", types[name], MADE_BY.get(name, "")) for name in sorted(SUPPORTED))
    return table(("operator", "activations", "what makes it"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "packages": package_table,
    "firmware": firmware_table,
    "exit-codes": exit_codes,
    "settings": settings_reference,
    "budgets": budget_reference,
    "spaces": search_space_reference,
    "size": size_table,
    "operators": operator_table,
    **page_tables.TABLES,
}
