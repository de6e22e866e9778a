#!/usr/bin/env python3
"""Makes the `residual` fixtures: a small network with random weights, quantised by onnxruntime, and what onnxruntime computes.

Two residual sums, one of them with a convolution on the shortcut, a concatenation and a global average: what the carried trained networks
lack.
`pip install numpy onnx==1.16.0 onnxruntime==1.32.0 ml_dtypes sympy`, then run it in this folder.
"""

import os

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

SHAPE = (1, 2, 6, 6)
IMAGES = 16
# Index of the operand that has the result's type.
ZERO = {"QLinearConv": 7, "QGemm": 8, "QuantizeLinear": 2, "QLinearAdd": 7, "QLinearGlobalAveragePool": 4, "QLinearConcat": 1}


def network():
    numbers = np.random.default_rng(7)

    def weights(name, *shape):
        size = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
        return numpy_helper.from_array((numbers.standard_normal(shape) * size).astype(np.float32), name)

    constants = [
        weights("w0", 6, 2, 3, 3), weights("b0", 6), weights("w1", 6, 6, 3, 3), weights("b1", 6),
        weights("w2", 4, 12), weights("b2", 4), weights("w3", 6, 2, 1, 1),
    ]
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w0", "b0"], ["c0"], pads=[1] * 4),
        node("Relu", ["c0"], ["r0"]),
        node("Conv", ["r0", "w1", "b1"], ["c1"], pads=[1] * 4),
        node("Conv", ["x", "w3"], ["s0"]),
        node("Add", ["c1", "s0"], ["a0"]),
        node("Relu", ["a0"], ["r1"]),
        node("Add", ["r1", "r0"], ["a1"]),
        node("Concat", ["a1", "r0"], ["j"], axis=1),
        node("GlobalAveragePool", ["j"], ["g"]),
        node("Flatten", ["g"], ["f"]),
        node("Gemm", ["f", "w2", "b2"], ["logits"], transB=1),
    ]
    port = helper.make_tensor_value_info
    ends = [port("x", TensorProto.FLOAT, SHAPE)], [port("logits", TensorProto.FLOAT, [1, 4])]
    graph = helper.make_graph(nodes, "residual", *ends, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Samples(CalibrationDataReader):
    def __init__(self):
        numbers = np.random.default_rng(8)
        self.rest = iter([{"x": numbers.standard_normal(SHAPE).astype(np.float32)} for _ in range(64)])

    def get_next(self):
        return next(self.rest, None)


def with_every_integer(model):
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    known = {output.name for output in model.graph.output}
    for node in model.graph.node:
        if node.op_type in ZERO and node.output[0] not in known:
            kind = types[node.input[ZERO[node.op_type]]]
            model.graph.output.append(helper.make_tensor_value_info(node.output[0], kind, None))
    return model.SerializeToString()


onnx.save(network(), "float.onnx")
images = np.random.default_rng(11).standard_normal((IMAGES, *SHAPE)).astype(np.float32)
for form, short in ((QuantFormat.QDQ, "qdq"), (QuantFormat.QOperator, "qop")):
    for kind, types, symmetric in ((QuantType.QInt8, "s8s8", True), (QuantType.QUInt8, "u8s8", False)):
        name = f"residual_{short}_{types}"
        quantize_static(
            "float.onnx", f"{name}.onnx", Samples(), quant_format=form, activation_type=kind, weight_type=QuantType.QInt8,
            per_channel=True, extra_options={"ActivationSymmetric": symmetric, "WeightSymmetric": True},
        )
        session = onnxruntime.InferenceSession(with_every_integer(onnx.load(f"{name}.onnx")), providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        made = [session.run(None, {"x": image}) for image in images]
        stored = {f"t_{own}": np.concatenate([each[index] for each in made]) for index, own in enumerate(names)}
        np.savez_compressed(f"{name}.npz", in_x=images[:, 0], **stored)
os.remove("float.onnx")
