"""TensorFlow Lite Micro: here, and in a child process for files that may crash it."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.core.artifacts import Int8

LIMIT_S = 20.0
WORD = 4
ARENA_BYTES = 32 * 2**20


def oracle(flatbuffer: bytes, inputs: np.ndarray) -> Int8:
    """Outputs of TensorFlow Lite Micro, int8 [n, bytes], of several one after the other; several
    inputs follow each other too, each from a whole word on."""
    interpreter = runtime.Interpreter.from_bytes(flatbuffer, arena_size=ARENA_BYTES)
    graph = schema.Model.GetRootAs(flatbuffer, 0).Subgraphs(0)
    counts = graph.InputsLength(), graph.OutputsLength()
    return np.stack([_answer(interpreter, vector, *counts) for vector in inputs])


def _answer(interpreter: Any, vector: np.ndarray, inputs: int, outputs: int) -> Int8:
    left = vector.ravel().view(np.int8)
    for number in range(inputs):
        details = interpreter.get_input_details(number)
        bytes_of = int(np.prod(details["shape"])) * np.dtype(details["dtype"]).itemsize
        values = left[:bytes_of].view(details["dtype"]).reshape(details["shape"])
        interpreter.set_input(values, number)
        left = left[-(-bytes_of // WORD) * WORD :]
    interpreter.invoke()
    found = (interpreter.get_output(number) for number in range(outputs))
    return np.concatenate([values.ravel().view(np.int8) for values in found])


class Oracle:
    """Answers for one file after another; a child that dies is replaced."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def answers(self, flatbuffer: bytes, inputs: Int8) -> Int8 | None:
        """int8 [vectors, elements]; None where TensorFlow Lite Micro refuses the file, crashes or
        hangs on it."""
        try:
            self._ends.send((flatbuffer, inputs))
            if self._ends.poll(LIMIT_S):
                outputs: Int8 | None = self._ends.recv()
                return outputs
        except (EOFError, ConnectionError):
            pass
        self._stop()
        self._start()
        return None

    def _start(self) -> None:
        self._ends, theirs = self._context.Pipe()
        self._child = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        self._child.start()
        theirs.close()

    def _stop(self) -> None:
        self._child.kill()
        self._child.join()
        self._ends.close()


def _serve(ends: Connection) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    while True:
        try:
            flatbuffer, inputs = ends.recv()
        except EOFError:
            return
        try:
            ends.send(_run(flatbuffer, inputs))
        except Exception:  # whatever it is, the file was refused
            ends.send(None)


def _run(flatbuffer: bytes, inputs: Int8) -> Int8 | None:
    interpreter = runtime.Interpreter.from_bytes(flatbuffer, arena_size=ARENA_BYTES)
    source, output = interpreter.get_input_details(0), interpreter.get_output_details(0)
    if any(details["dtype"] is not np.int8 for details in (source, output)):
        return None
    return oracle(flatbuffer, inputs)
