#!/usr/bin/env python3
"""Packs ONNX's official node tests and light graphs into two archives that the conformance tests read.

    pip download --no-deps onnx==1.16.0 && python pack.py onnx-1.16.0-*.whl

The data are from the onnx 1.16.0 wheel (https://github.com/onnx/onnx, Apache-2.0), folder onnx/backend/test/data. Of the node tests, all
are taken whose only operator is in OPERATORS, without the `_expanded` ones, which repeat others with the operator's definition in
its place. Needs nothing but Python.

Format of both archives, after raw deflate: for each file its name's length (u32, little-endian), the name, its length (u32), its bytes.
"""
import struct, sys, zipfile, zlib

DATA = "onnx/backend/test/data/"
OPERATORS = set("""Abs Add And ArgMax AveragePool BatchNormalization Cast Ceil Celu Clip Concat Constant ConstantOfShape Conv ConvInteger
ConvTranspose DequantizeLinear Div Dropout Elu Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm GlobalAveragePool GlobalMaxPool Greater
GreaterOrEqual HardSigmoid HardSwish Identity LRN LeakyRelu Less LessOrEqual Log LogSoftmax MatMul MatMulInteger Max MaxPool Mean Min Mish
Mod Mul Neg Not Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceSum Relu
Reshape Round Selu Shape Sigmoid Sign Size Slice Softmax Softplus Softsign Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Tile Transpose
Unsqueeze Where Xor""".split())


def fields(data):
    """The fields of a protobuf message, as (number, value) with integers or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            length = {1: 8, 2: None, 5: 4}[kind]
            length = varint() if length is None else length
            yield key >> 3, data[at:at + length]
            at += length


def operators(model):
    """The operators of a model's nodes."""
    graph = next(value for number, value in fields(model) if number == 7)
    nodes = [value for number, value in fields(graph) if number == 1]
    return {text.decode() for node in nodes for number, text in fields(node) if number == 4}


def pack(path, files):
    raw = b"".join(struct.pack("<I", len(name)) + name.encode() + struct.pack("<I", len(data)) + data for name, data in files)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflate.compress(raw) + deflate.flush()
    with open(path, "wb") as out:
        out.write(packed)
    print(path, len(files), "files", len(raw), "->", len(packed), "bytes")


def main():
    wheel = zipfile.ZipFile(sys.argv[1])
    names = sorted(wheel.namelist())
    node = DATA + "node/"
    tests = sorted({name[len(node):].split("/")[0] for name in names if name.startswith(node) and name.endswith("/model.onnx")})
    taken = [t for t in tests if "_expanded" not in t and operators(wheel.read(f"{node}{t}/model.onnx")) <= OPERATORS]
    keep = tuple(f"{node}{t}/" for t in taken)
    files = [(n[len(node):].removeprefix("test_"), wheel.read(n)) for n in names if n.startswith(keep) and not n.endswith("/")]
    # Beside each model, the name of its one operator.
    files += [(name[:-len("model.onnx")] + "operator", min(operators(model)).encode()) for name, model in files if name.endswith("/model.onnx")]
    pack("node.bin", sorted(files))
    light = DATA + "light/"
    files = [n for n in names if n.startswith(light) and n.endswith((".onnx", ".pb"))]
    pack("light.bin", [(n[len(light):].removeprefix("light_"), wheel.read(n)) for n in files])


main()
