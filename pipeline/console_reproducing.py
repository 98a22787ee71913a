"""What `gesture verify` and `gesture export` tell, for people or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from pipeline.console import out, print_json, show_table

if TYPE_CHECKING:
    from pipeline.stages.reproducing import Exported, Reproduced

DEPLOYED = {True: "the one that was deployed", None: "never deployed to the virtual board"}


def show_reproduced(result: Reproduced, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    show_table(
        f"{result.run} comes out again",
        [
            ("C sources", f"{result.sources} files, byte for byte"),
            ("image", f"{result.image[:12]}, wherever it is built; {DEPLOYED[result.deployed]}"),
            ("contract", result.contract_hash[:12]),
        ],
    )


def show_exported(exported: Exported, as_json: bool) -> None:
    if as_json:
        print_json(exported)
    else:
        where = f"{len(exported.files)} files in {escape(str(exported.folder))}"
        out.print(f"{where}; README.md there says what is what", soft_wrap=True)
