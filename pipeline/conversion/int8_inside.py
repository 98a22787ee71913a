"""A flatbuffer whose input and output are the int8 tensors inside: without its first and last
operators, which only change the type."""

from __future__ import annotations

import flatbuffers
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema


def with_int8_ends(content: bytes, source: int, result: int) -> bytes:
    """source, result: the tensors of the subgraph that become its input and output."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    outside = {int(graph.outputs[0])} - {result}
    graph.operators = [
        operator
        for operator in graph.operators
        if source not in operator.outputs and outside.isdisjoint(map(int, operator.outputs))
    ]
    graph.inputs, graph.outputs = [source], [result]
    model.signatureDefs = []
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
