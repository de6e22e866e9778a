"""Trains the demo networks and writes them with their data. See README.md.

    pip install numpy scikit-learn onnx
    python train.py

Everything is deterministic: fixed seeds, one thread, plain numpy.
"""

import json
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

HERE = os.path.dirname(os.path.abspath(__file__))
OPSET = 17
CALIBRATION = 128


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def forward(layers, x):
    """The activations of every layer, ReLU between layers."""
    values = [x]
    for index, (w, b) in enumerate(layers):
        z = values[-1] @ w.T + b
        values.append(np.maximum(z, 0) if index + 1 < len(layers) else z)
    return values


def train(widths, x, y, epochs, seed):
    """Adam on the cross entropy, with a little weight decay."""
    rng = np.random.default_rng(seed)
    layers = [
        [rng.normal(0, np.sqrt(2 / m), (n, m)), np.zeros(n)] for m, n in zip(widths, widths[1:])
    ]
    moments = [[[np.zeros_like(p), np.zeros_like(p)] for p in layer] for layer in layers]
    step, batch, decay = 0, 32, 1e-4
    for epoch in range(epochs):
        rate = 2e-3 * (1 - epoch / epochs) + 1e-5
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            values = forward(layers, x[rows])
            delta = softmax(values[-1])
            delta[np.arange(len(rows)), y[rows]] -= 1
            delta /= len(rows)
            step += 1
            for index in reversed(range(len(layers))):
                w, _ = layers[index]
                gradients = [delta.T @ values[index] + decay * w, delta.sum(axis=0)]
                delta = (delta @ w) * (values[index] > 0)
                for p, g, (m, v) in zip(layers[index], gradients, moments[index]):
                    m += 0.1 * (g - m)
                    v += 0.001 * (g * g - v)
                    p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return [(w.astype(np.float32), b.astype(np.float32)) for w, b in layers]


def export(path, layers, input_name, with_softmax):
    nodes, initializers = [], []
    name = input_name
    last = "probabilities" if with_softmax else "logits"
    for index, (w, b) in enumerate(layers):
        initializers += [
            numpy_helper.from_array(w, f"fc{index}.weight"),
            numpy_helper.from_array(b, f"fc{index}.bias"),
        ]
        final = index + 1 == len(layers)
        out = "logits" if final else f"fc{index}"
        nodes.append(
            helper.make_node(
                "Gemm", [name, f"fc{index}.weight", f"fc{index}.bias"], [out], f"fc{index}", transB=1
            )
        )
        name = out
        if not final:
            nodes.append(helper.make_node("Relu", [name], [f"relu{index}"], f"relu{index}"))
            name = f"relu{index}"
    if with_softmax:
        nodes.append(helper.make_node("Softmax", [name], [last], "softmax", axis=-1))
    outputs = layers[-1][0].shape[0]
    graph = helper.make_graph(
        nodes,
        os.path.basename(path).removesuffix(".onnx"),
        [helper.make_tensor_value_info(input_name, TensorProto.FLOAT, [1, layers[0][0].shape[1]])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, [1, outputs])],
        initializers,
    )
    model = helper.make_model(
        graph, producer_name="tensorseal", opset_imports=[helper.make_opsetid("", OPSET)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    with open(path, "wb") as f:
        f.write(model.SerializeToString(deterministic=True))


def upscale(images, size):
    """Bilinear, pixel centres aligned, back onto the grid of sixteenths."""
    old = images.shape[1]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    low = np.minimum(at.astype(int), old - 2)
    part = at - low
    matrix = np.zeros((size, old))
    matrix[np.arange(size), low] = 1 - part
    matrix[np.arange(size), low + 1] = part
    return np.round(matrix @ images @ matrix.T)


def write_data(name, input_name, sets):
    for suffix, (x, y) in sets.items():
        arrays = {input_name: x.astype(np.float32), "labels": y.astype(np.uint8)}
        np.savez_compressed(os.path.join(HERE, f"{name}_{suffix}.npz"), **arrays)
    sample = [float(value) for value in sets["heldout"][0][0]]
    with open(os.path.join(HERE, f"{name}_input.json"), "w") as f:
        json.dump({input_name: [sample]}, f, separators=(",", ":"))
        f.write("\n")


def main():
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.images))
    held, rest = order[:450], order[450:]
    small = digits.images / 16
    large = upscale(digits.images, 28) / 16
    jobs = [
        ("digits_demo", "image", small, [64, 32, 10], True, 450, 1),
        ("digits_mlp", "x", small, [64, 64, 32, 10], False, 450, 2),
        ("mlp_784_128_10", "x", large, [784, 128, 10], False, 200, 3),
    ]
    for name, input_name, images, widths, with_softmax, held_count, seed in jobs:
        x = images.reshape(len(images), -1)
        y = digits.target
        layers = train(widths, x[rest], y[rest], 60, seed)
        export(os.path.join(HERE, f"{name}.onnx"), layers, input_name, with_softmax)
        chosen = held[:held_count]
        sets = {
            "calibration": (x[rest[:CALIBRATION]], y[rest[:CALIBRATION]]),
            "heldout": (x[chosen], y[chosen]),
        }
        write_data(name, input_name, sets)
        logits = forward(layers, x[chosen].astype(np.float32))[-1]
        accuracy = (logits.argmax(axis=1) == y[chosen]).mean()
        print(f"{name}: held-out accuracy {accuracy:.4f} on {held_count}", file=sys.stderr)


if __name__ == "__main__":
    main()
