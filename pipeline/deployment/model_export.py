"""The files of a compiled model: C, an example, the proof, an Arduino library, README and license.

They need nothing else of this project.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.core.costs import LayerCost, NetworkCost, cycles_of_instructions
from pipeline.deployment.kernels import kernel_files
from pipeline.deployment.library_files import names_header, zipped

NETWORK = "model_network"  # as the compiler names its files and functions
_PROOF = ("proof.h", "proof.c", "host.c", "board.c", "board.ld")


@dataclass(frozen=True)
class ModelExport:
    """What becomes a folder.

    Args:
        name: of the header and of all names, a C identifier.
        interface: NAME.h and NAME.c.
        lines: what stands for all inputs and outputs, by the words that the templates have for it.
        network: the compiler's C.
        golden: vectors with outputs, as proof.c reads them.
        facts: the sentences of README.md, by the names in its braces.
        project: where the tool's own files are.
    """

    name: str
    interface: Mapping[str, str]
    lines: Mapping[str, str]
    network: Mapping[str, str]
    golden: bytes
    cost: NetworkCost
    facts: Mapping[str, object]
    project: Path

    def code(self) -> dict[str, bytes]:
        """What the proof needs, by path."""
        return {
            **{f"src/{name}": content for name, content in self._sources().items()},
            **{f"proof/{name}": self._template(name) for name in _PROOF},
            "proof/golden.bin": self.golden,
        }

    def texts(self) -> dict[str, bytes]:
        """All other files; facts are known after the proof."""
        example = self._template("example.c")
        return {
            "README.md": self._readme(),
            "LICENSE": (self.project / "LICENSE").read_bytes(),
            "Makefile": self._template("Makefile"),
            "cost.json": cost_json(self.cost).encode(),
            "example/main.c": example,
            f"arduino/{self.name}.zip": zipped(
                self.name,
                {
                    "library.properties": self._template("library.properties"),
                    "LICENSE": (self.project / "LICENSE").read_bytes(),
                    f"examples/{self.name}_example/{self.name}_example.ino": self._template(
                        "Example.ino"
                    ),
                    **{f"src/{name}": content for name, content in self._sources().items()},
                },
            ),
        }

    def _sources(self) -> dict[str, bytes]:
        """The public header and its implementation; all else in a folder of its own."""
        texts = {self._renamed(name): self._renamed(text) for name, text in self.network.items()}
        kernels = kernel_files(
            self.project / "firmware" / "lib" / "nn", self.network[f"{NETWORK}.c"]
        )
        headers = "".join(text for name, text in kernels.items() if name.endswith(".h"))
        names = f"{self.name}_names.h"
        include = f'#include "{names}"\n'
        inner = {
            name: include + text if name.endswith(".c") else text
            for name, text in {**texts, **kernels}.items()
        }
        inner[names] = names_header(headers, f"{self.name}_", "compile")
        files = {**self.interface, **{f"{self.name}/{name}": inner[name] for name in inner}}
        return {name: text.encode() for name, text in sorted(files.items())}

    def _renamed(self, text: str) -> str:
        """Two networks in one program have no name in common."""
        own = f"{self.name}_network"
        named = text.replace(NETWORK, own).replace(NETWORK.upper(), own.upper())
        return named.replace("`gesture convert`", "`gesture compile`")

    def _template(self, name: str) -> bytes:
        text = (self.project / "firmware" / "export" / "compiled" / name).read_text("utf-8")
        for word, lines in self.lines.items():
            text = text.replace(word, lines)
        upper = self.name.upper()
        return text.replace("MODEL_NAME", self.name).replace("MODEL_PREFIX", upper).encode()

    def _readme(self) -> bytes:
        known = {
            "name": self.name,
            "NAME": self.name.upper(),
            "table": cost_table(self.cost),
            "flash": self.cost.flash_bytes,
            "kernels": self.cost.kernel_bytes,
            "ram": self.cost.ram_bytes,
            "stack": self.cost.stack_bytes,
            **self.facts,
        }
        return self._template("README.md").decode().format_map(known).encode()


def cost_json(cost: NetworkCost) -> str:
    """cost.json: as of a run, with the bounds of the cycles."""
    content = asdict(cost)
    for entry in (content, *content["layers"]):
        entry["cycles"] = asdict(cycles_of_instructions(entry["instructions"]))
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def cost_table(cost: NetworkCost) -> str:
    """A table in Markdown, a row for each layer."""
    head = ("layer", "operators", "output", "multiplications", "instructions", "cycles")
    columns = (*head, "flash", "RAM")
    rows = [_row(layer) for layer in cost.layers]
    whole = ("**all**", "", "", cost.macs, cost.instructions, _cycles(cost.instructions))
    lines = [columns, ("---",) * len(columns), *rows, (*whole, cost.flash_bytes, cost.ram_bytes)]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _row(layer: LayerCost) -> tuple[str | int, ...]:
    shape = "x".join(map(str, layer.output_shape))
    numbers = (layer.macs, layer.instructions, _cycles(layer.instructions))
    return (layer.name, layer.operator, shape, *numbers, layer.flash_bytes, layer.ram_bytes)


def _cycles(instructions: int) -> str:
    bounds = cycles_of_instructions(instructions)
    return f"{round(bounds.lower):,} to {round(bounds.upper):,}"


def _cell(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value
