"""The smartwatch recordings of seglearn's source archive: a pickle, read safely."""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.artifacts import Interval, Recording
from pipeline.core.errors import PipelineError
from pipeline.datasets.streams import even_clock, thousandths_of

ARCHIVE = "seglearn-1.2.5.tar.gz"
MEMBER = "seglearn-1.2.5/seglearn/data/watch_dataset.npy"
LICENCE = "seglearn-1.2.5/LICENSE"
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
RATE_HZ = 50.0
SIDES = ("left", "right")  # by the number in `side`
ASSUMED = "g and rad/s are assumed, not stated"


class _ArraysOnly(pickle.Unpickler):
    """Reads arrays and plain containers, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("numpy.core.multiarray", "_reconstruct"):
            return importlib.import_module("numpy._core.multiarray")._reconstruct
        if (module, name) == ("_codecs", "encode"):
            return _latin1_bytes
        if module == "numpy" and name in ("ndarray", "dtype"):
            return getattr(np, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not an array")


def _latin1_bytes(text: str, encoding: str) -> bytes:
    """Bytes as Python 2 wrote them."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"bytes in {encoding}")
    return text.encode("latin1")


def read_watch(folder: Path) -> list[Recording]:
    """A recording for each person, side and exercise.

    The SHA-256 of the file is checked before it is unpickled.
    """
    content, licence = _extract(folder / ARCHIVE)
    (folder / "LICENSE").write_bytes(licence)
    data = unpickle_arrays(content, SHA256)
    return [_recording(data, index, np.asarray(samples)) for index, samples in enumerate(data["X"])]


def unpickle_arrays(content: bytes, sha256: str) -> Any:
    """The object of an .npy file: only arrays and containers."""
    try:
        if hashlib.sha256(content).hexdigest() != sha256:
            raise pickle.UnpicklingError("its SHA-256 differs from the known one")
        stream = io.BytesIO(content)
        np.lib.format.read_magic(stream)
        np.lib.format.read_array_header_1_0(stream)
        return _ArraysOnly(stream).load().item()
    except (pickle.UnpicklingError, ValueError, EOFError) as error:
        raise PipelineError(
            f"The pickled arrays were not read: {error}.",
            "the file is not the published one, and a pickle can run any program",
            "delete the file, and get the dataset again",
        ) from None


def _extract(archive: Path) -> tuple[bytes, bytes]:
    try:
        with tarfile.open(archive) as tar:
            members = [tar.extractfile(name) for name in (MEMBER, LICENCE)]
            content, licence = (member.read() for member in members if member is not None)
            return content, licence
    except (tarfile.TarError, KeyError, ValueError, OSError) as error:
        raise PipelineError(
            f"{archive.name} is not seglearn's source archive: {error}.",
            "another file has its name",
            "delete it, and get the dataset again",
        ) from None


def _recording(data: Any, index: int, values: Any) -> Recording:
    """values: float64 [n, 6], acceleration in g and rate of turn in rad/s."""
    label = str(data["y_labels"][int(data["y"][index])])
    seq, t_us = even_clock(len(values), RATE_HZ)
    samples = np.concatenate([values[:, :3], np.rad2deg(values[:, 3:])], axis=1)
    return Recording(
        samples=thousandths_of(samples),
        seq=seq,
        t_us=t_us,
        rate_hz=RATE_HZ,
        label=label,
        person=f"p{int(data['subject'][index]):02d}",
        session=SIDES[int(data["side"][index])],
        board="smartwatch",
        source=f"seglearn 1.2.5 watch_dataset.npy, recording {index}; {ASSUMED}",
        intervals=(Interval(0, len(values), label),),
    )
