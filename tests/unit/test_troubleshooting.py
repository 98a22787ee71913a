"""docs/troubleshooting.md is sorted by what the tool says: it must really say so."""

from __future__ import annotations

import ast
import re

from pipeline.core.board_profiles import PROFILES
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "troubleshooting.md").read_text("utf-8")


def said() -> str:
    """All texts in the program, of f-strings what stands between the braces left out; and those
    of a board, which `gesture monitor` hands on."""
    app = sorted((PROJECT / "firmware" / "lib" / "app").glob("*.c"))
    texts = [path.read_text("utf-8") for path in app]
    for path in (PROJECT / "pipeline").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.Constant)]
                texts.append("{}".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_every_message_on_the_page_is_one_of_the_tools() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", PAGE, re.M)
    messages = [message for cell in first_cells for message in re.findall(r"`([^`]+)`", cell)]
    assert len(messages) > 20
    program = said()
    for profile in PROFILES:  # the tool fills them in
        messages = [message.replace(profile.title, "{}") for message in messages]
    assert [message for message in messages if message not in program] == []
