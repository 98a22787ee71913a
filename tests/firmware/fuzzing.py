"""The whole application with a model of each task, as a fuzzer plays to it."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests import toy_forecast, toy_sketch
from tests.firmware.building import APP, HERE, MODEL, PROJECT, board_sources
from tests.toy_centres import write_toy_centres
from tests.toy_text import classifier, describer, translator, writer

CORPUS = PROJECT / "tests" / "fixtures" / "fuzz_commands.zip"
SOURCES = (HERE / "fuzz_commands.c", *APP, *board_sources("emulated_flash"))
TASKS = (
    *("gesture", "centres", "sentiment", "generation", "forecast", "translation", "caption"),
    "sketch",
)


def unpack_corpus(folder: Path) -> list[Path]:
    """The inputs of the corpus, a file each, in this folder."""
    with zipfile.ZipFile(CORPUS) as archive:
        archive.extractall(folder)
    return sorted(folder.iterdir())


def pack_corpus(folder: Path) -> None:
    """Write the corpus anew from a folder's files. The same files give the same bytes."""
    with zipfile.ZipFile(CORPUS, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(file.name), file.read_bytes(), zipfile.ZIP_DEFLATED)


def model_of(task: str, folder: Path) -> Path:
    """The sources of a model for one of TASKS, written into the folder where they are made."""
    if task == "gesture":
        return MODEL
    if task == "centres":
        return write_toy_centres(folder)
    if task == "forecast":
        return toy_forecast.write_sources(folder)
    if task == "sketch":
        return toy_sketch.write_sources(folder)
    toys = {
        "sentiment": classifier(),
        "generation": writer(),
        "translation": translator("words"),
        "caption": describer(),
    }
    return toys[task].write_sources(folder)
