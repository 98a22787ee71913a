"""A flatbuffer whose inputs and outputs are the int8 tensors inside: without its first and last
operators, which only change the type."""

from __future__ import annotations

from collections.abc import Mapping

import flatbuffers
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema


def with_int8_ends(content: bytes, sources: Mapping[int, int], results: Mapping[int, int]) -> bytes:
    """sources, results: the tensor that becomes an input or output, by the one that is it now."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    graph = model.subgraphs[0]
    gone = {inside for outside, inside in sources.items() if outside != inside}
    gone |= {outside for outside, inside in results.items() if outside != inside}
    graph.operators = [
        operator for operator in graph.operators if gone.isdisjoint(map(int, operator.outputs))
    ]
    graph.inputs = [sources[int(index)] for index in graph.inputs]
    graph.outputs = [results[int(index)] for index in graph.outputs]
    for signature in model.signatureDefs or ():
        for place in (*signature.inputs, *signature.outputs):
            tensor = int(place.tensorIndex)
            place.tensorIndex = sources.get(tensor, results.get(tensor, tensor))
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())
