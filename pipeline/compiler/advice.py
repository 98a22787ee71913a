"""What to change in a Keras model, by the operator or the option that cannot be compiled."""

from __future__ import annotations

_FULL_INT8 = (
    "quantize it fully when you convert: set `representative_dataset`, and "
    "`target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]`; or give the Keras file "
    "to `gesture compile` with --calibrate"
)
_BATCH_OF_ONE = (
    "convert the model with a batch of 1, `keras.Input(batch_shape=(1, ...))`; or give the Keras "
    "file to `gesture compile` with --calibrate, which does"
)
_BY_OPERATOR = {
    ("ELU", "GELU", "EXP", "LOG", "POW", "SQRT", "NEG", "SIN", "COS", "FLOOR", "ROUND"): (
        "take `relu`, `relu6`, `tanh` or `sigmoid` for the activation"
    ),
    ("RSQRT", "SQUARED_DIFFERENCE", "DIV", "SQUARE", "L2_NORMALIZATION"): (
        "take BatchNormalization right after Conv or Dense, which the converter joins with them, "
        "in place of LayerNormalization and other statistics of the input"
    ),
    ("BATCH_MATMUL",): "take Conv1D or a GRU in place of attention",
    ("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND"): (
        "give dilated convolutions strides of 1, and convert the model with a batch of 1"
    ),
    ("RESIZE_BILINEAR",): ("take UpSampling2D with `interpolation='nearest'`, then Conv2D"),
    ("CONV_3D", "CONV_3D_TRANSPOSE"): "take Conv2D, with one axis as channels",
    ("GATHER", "GATHER_ND", "EMBEDDING_LOOKUP", "ONE_HOT"): (
        "let the model begin behind its Embedding, and look rows up in your own code"
    ),
    ("FILL", "SHAPE"): _BATCH_OF_ONE,
    ("SUM",): "take the mean, and let the next layer have larger weights",
    ("TOPK_V2",): ("let the model end with its scores, and find the largest in your own code"),
    ("CUSTOM", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5"): (
        "let the model end before the custom operator, and do the rest in your own code"
    ),
    ("DEQUANTIZE",): (
        "replace the layers after it, which TensorFlow has in float32 only; or " + _FULL_INT8
    ),
    ("CAST", "QUANTIZE", "FAKE_QUANT"): _FULL_INT8,
    ("WHILE", "IF", "CALL"): (
        "give recurrent layers `unroll=True`, or train them with `gesture train`, whose "
        "`gesture convert` compiles GRU, LSTM and SimpleRNN"
    ),
    (
        *("UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "LSTM", "RNN"),
        *("BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN"),
    ): "train it with `gesture train` and a config such as gesture_lstm or gesture_gru",
    ("SVDF",): "take Conv1D over time with `padding='valid'`, which `--hop` streams",
    ("RFFT2D", "REAL", "IMAG", "COMPLEX_ABS"): (
        "compute the spectrum in your own code, and let the model begin behind it"
    ),
}
_IN_INT8 = "convert the model with TFLITE_BUILTINS_INT8: in int8 this layer is compiled"
_IN_INT16 = {
    "REDUCE_MAX": f"take MaxPooling over all positions; or {_IN_INT8}",
    "HARD_SWISH": f"take `relu` for the activation; or {_IN_INT8}",
    "ELU": f"take `relu` for the activation; or {_IN_INT8}",
    "SPACE_TO_BATCH_ND": f"{_BATCH_OF_ONE}, to int8",
    "BATCH_TO_SPACE_ND": f"{_BATCH_OF_ONE}, to int8",
}
_OPERATORS = {name: text for names, text in _BY_OPERATOR.items() for name in names}
_BY_REASON = {
    "fused activation": "take `relu` or `relu6`, or a layer Activation of its own",
    "FLOAT32": _FULL_INT8,
    "not quantized": _FULL_INT8,
    "weights up to here": "give the layers fewer filters or units",
    "number of elements": _BATCH_OF_ONE,
    "do not fit its weights": _BATCH_OF_ONE,
    "dilation": "take a dilation of 1, or larger filters",
    "batch": "convert the model with a batch of 1",
    "where TensorFlow Lite Micro reads INT64": (
        "convert it without `_experimental_full_integer_quantization_bias_type`"
    ),
}
_OTHERWISE = "take Conv, DepthwiseConv, Dense, pooling, Add or Concatenate in place of these layers"
_OF_KINDS = {
    "size is free": "give all axes but the batch a size, as in `keras.Input((49, 10))`; or give "
    "the Keras file to `gesture compile` with --calibrate, whose inputs have one",
    "shape": "convert it with fixed shapes, for a batch of 1",
    "sparse": "convert it without sparsity",
    "inputs and": "give it one input and one output: join inputs with Concatenate in your own code",
    "operators where": "take a smaller model",
    "bits": "convert it with int8 weights",
}


def advice_for(operator: str, reason: str) -> str:
    """What would help against `reason` in an operator, for somebody who has the Keras model."""
    if reason.endswith("in INT16"):
        return _IN_INT16.get(operator, _IN_INT8)
    by_reason = (text for part, text in _BY_REASON.items() if part in reason)
    if "FLOAT32" in reason and operator in _OPERATORS:  # TensorFlow has it in float32 only
        return _OPERATORS[operator]
    return next(by_reason, None) or _OPERATORS.get(operator) or _OTHERWISE


def whole_model_advice(kind: str) -> str:
    """The same for a model that is not int8."""
    return next((text for part, text in _OF_KINDS.items() if part in kind), _FULL_INT8)


# What becomes each operator: layers of Keras, or the converter's own.
MADE_BY = {
    "ABS": "`keras.ops.abs`",
    "ADD": "Add, and a bias by itself; one side may be a constant",
    "ARG_MAX": "`keras.ops.argmax`, with an output of int32",
    "ARG_MIN": "`keras.ops.argmin`, with an output of int32",
    "ASSIGN_VARIABLE": "streaming layers that keep earlier samples",
    "AVERAGE_POOL_2D": "AveragePooling1D, AveragePooling2D",
    "BATCH_TO_SPACE_ND": "a dilation of Conv and DepthwiseConv; costs nothing",
    "CALL_ONCE": "the first values of such layers",
    "CAST": "comparisons as numbers",
    "CONCATENATION": "Concatenate",
    "CONV_2D": "Conv1D, Conv2D, with groups too",
    "DEPTHWISE_CONV_2D": "DepthwiseConv1D, DepthwiseConv2D, SeparableConv1D, SeparableConv2D",
    "DEPTH_TO_SPACE": "`tf.nn.depth_to_space`",
    "ELU": "`elu`",
    "EQUAL": "`keras.ops.equal`",
    "EXPAND_DIMS": "Reshape; costs nothing",
    "FULLY_CONNECTED": "Dense",
    "GREATER": "`keras.ops.greater`",
    "GREATER_EQUAL": "`keras.ops.greater_equal`",
    "HARD_SWISH": "`hard_swish`",
    "LEAKY_RELU": "LeakyReLU",
    "LESS": "`keras.ops.less`",
    "LESS_EQUAL": "`keras.ops.less_equal`",
    "LOGISTIC": "`sigmoid`",
    "MAXIMUM": "Maximum",
    "MAX_POOL_2D": "MaxPooling1D, MaxPooling2D",
    "MEAN": "GlobalAveragePooling1D, GlobalAveragePooling2D",
    "MINIMUM": "Minimum",
    "MIRROR_PAD": "`keras.ops.pad` with `mode='reflect'` or `'symmetric'`",
    "MUL": "Multiply, and BatchNormalization that was not joined",
    "NOT_EQUAL": "`keras.ops.not_equal`",
    "PACK": "`tf.stack`, and shapes",
    "PAD": "ZeroPadding1D, ZeroPadding2D",
    "PADV2": "`keras.ops.pad` with a value",
    "PRELU": "PReLU",
    "QUANTIZE": "ends of other types, and branches with other scales",
    "READ_VARIABLE": "streaming layers that keep earlier samples",
    "REDUCE_MAX": "GlobalMaxPooling1D, GlobalMaxPooling2D",
    "REDUCE_MIN": "`keras.ops.min`",
    "RELU": "`relu`, where it is not joined with the layer before",
    "RELU6": "`relu6`, where it is not joined with the layer before",
    "RESHAPE": "Reshape, Flatten; costs nothing",
    "RESIZE_NEAREST_NEIGHBOR": "UpSampling2D",
    "SELECT_V2": "`keras.ops.where`",
    "SLICE": "Cropping1D, Cropping2D",
    "SOFTMAX": "`softmax`",
    "SPACE_TO_BATCH_ND": "a dilation of Conv and DepthwiseConv; costs nothing",
    "SPACE_TO_DEPTH": "`tf.nn.space_to_depth`",
    "SPLIT": "`tf.split`",
    "SPLIT_V": "`tf.split` into unequal parts",
    "SQUEEZE": "Reshape; costs nothing",
    "STRIDED_SLICE": "Cropping1D, Cropping2D, and slices",
    "SUB": "Subtract",
    "SVDF": "streaming layers of keyword spotting",
    "TANH": "`tanh`",
    "TRANSPOSE": "Permute",
    "TRANSPOSE_CONV": "Conv1DTranspose, Conv2DTranspose",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "LSTM of Keras 2",
    "UNPACK": "`tf.unstack`",
    "VAR_HANDLE": "streaming layers that keep earlier samples",
}
