"""The stub of the Arduino core declares nothing that the core does not declare."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.firmware.building import STUB

CORE = os.environ.get("GESTURE_ARDUINO_CORE")
SOURCE = re.compile(r"/\* ([\w/.]+\.h) \*/")
# What only the stub has: how its registers are made, and its own guards.
OWN = re.compile(r"namespace stub \{.*?\n\}  // namespace stub|^ private:.*?^\};", re.M | re.S)
NAMES = re.compile(r"\b[A-Za-z_]\w+\b")
TYPES = {"extern", "const", "struct", "class", "enum", "typedef", "void", "bool", "int", "unsigned"}
TYPES |= {"long", "size_t", "uint8_t", "uint32_t", "uintptr_t", "arduino", "mbed", "noreturn"}
TYPES |= {"define", "stub", "Register"}


class Declared(NamedTuple):
    name: str
    header: str


def declarations() -> Iterator[tuple[Path, str]]:
    """Lines of the stub's headers that declare or define something."""
    for path in sorted(STUB.rglob("*.h")):
        if path.parent.name == "src" or path.name == "Arduino_LSM9DS1.h":
            continue
        text = OWN.sub("", path.read_text("utf-8"))
        text = re.sub(r"/\*(?! [\w/.]+\.h \*/).*?\*/", "", text, flags=re.S)
        text = re.sub(r",\n +", ", ", text)  # a declaration that takes two lines
        for line in text.splitlines():
            code = line.split("/*")[0].strip()
            is_guard = re.match(r"#(ifndef|endif|include|define \w+_H$)", code)
            if code and not is_guard and NAMES.search(code) and not is_frame(code):
                yield path, line


def is_frame(code: str) -> bool:
    """Of a namespace, of C linkage, of what a class is open to, or of a struct without a name."""
    return bool(re.match(r'(namespace|extern "C"|public:|struct \{|\} ?\w*;?$|\}  //)', code))


def declared() -> list[Declared]:
    found = []
    for path, line in declarations():
        source = SOURCE.search(line)
        assert source, f"{path.name} does not say where the core declares `{line.strip()}`"
        names = set(NAMES.findall(re.sub(r"\(.*\)", "", line.split("/*")[0]))) - TYPES
        found += [Declared(name, source[1]) for name in names]
    return found


def test_every_declaration_says_where_the_core_has_it() -> None:
    names = {name for name, _ in declared()}
    assert {"_SerialUSB", "send_nb", "Wire1", "NRF_TIMER0", "setup", "delay"} <= names


@pytest.mark.skipif(not CORE, reason="GESTURE_ARDUINO_CORE names no folder with the real core")
def test_the_core_has_every_declaration_where_the_stub_says() -> None:
    walk = os.walk(str(CORE), followlinks=True)
    headers = [Path(folder) / name for folder, _, names in walk for name in names]
    texts: dict[str, str] = {}
    missing = []
    for name, header in declared():
        if header not in texts:
            found = [path for path in headers if str(path).endswith(f"/{header}")]
            texts[header] = "".join(path.read_text("utf-8", "replace") for path in found)
            assert found, f"the core has no {header}"
        pattern = name.removesuffix("_Type") if header == "nrf52840.h" else name
        if not re.search(rf"\b{pattern}(_Type)?\b", texts[header]):
            missing.append((name, header))
    assert missing == []
