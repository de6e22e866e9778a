#!/usr/bin/env python3
"""Proves the same network with EZKL and with tensorseal, in one run on one machine, and prints the ratios.

    python3 benches/peers/compare.py models/mlp_784_128_10.onnx
    python3 benches/peers/compare.py models/digits_mlp.onnx --json

Both hide the input, fix the weights and publish the output. EZKL is installed from PyPI into a virtual environment in target/peers and runs with its
own defaults for speed: scales of 7 bits, calibrated for resources. Every step is a process of its own, so that its processor time and its peak
memory are its own; steps that are done once a network (setup, keys) are told apart from those of every proof. Neither side's setup ceremony is
counted: both make powers of tau of their own, which is not how either is used.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VERSION = "23.0.5"
# What runs in EZKL's environment: one step, named on the command line, in a folder with the files of all steps.
STEPS = Path(__file__).with_name("ezkl_step.py")


def measured(command, folder):
    """Runs a command; gives its seconds, its processor seconds and its peak memory in bytes."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{output}")
    return {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * 1024,
    }


def environment():
    """The Python of an environment that has EZKL."""
    folder = ROOT / "target" / "peers" / f"ezkl-{VERSION}"
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"ezkl=={VERSION}"], check=True)
    return python


def with_ezkl(model, sample, folder):
    """Steps and sizes of EZKL."""
    python = environment()
    (folder / "input.json").write_text(json.dumps({"input_data": [sample]}))
    rows = {}
    for step in ["settings", "calibrate", "srs", "compile", "setup", "witness", "prove", "verify"]:
        print(f"  ezkl {step}", file=sys.stderr)
        rows[step] = measured([python, STEPS, step, model], folder)
    proof = json.loads((folder / "proof.json").read_text())["proof"]
    return {
        "once": total(rows, ["settings", "calibrate", "compile", "setup"]),
        "prove": total(rows, ["witness", "prove"]),
        "verify": rows["verify"],
        "proof_bytes": len(proof) if isinstance(proof, list) else (len(proof) - 2) // 2,
        "proving_key_bytes": (folder / "pk.key").stat().st_size,
        "verifying_key_bytes": (folder / "vk.key").stat().st_size,
    }


def with_tensorseal(model, port, sample, folder):
    """The same of tensorseal."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--package=tensorseal-cli"], cwd=ROOT, check=True)
    program = ROOT / "target" / "release" / "tensorseal"
    (folder / "input.json").write_text(json.dumps({port[0]: shaped(sample, port[1])}))
    calibration = model.with_name(f"{model.stem}_calibration.npz")
    setup = ["setup", "--dev", "--power", "18", "-o", "dev.srs"]
    measured([program, *setup], folder)
    print("  tensorseal compile, prove, verify", file=sys.stderr)
    compile = ["compile", model, "--calibration", calibration, "--srs", "dev.srs", "-o", "sealed"]
    once = measured([program, *compile], folder)
    prove = measured([program, "prove", "sealed", "--input", "input.json", "-o", "proof", "--hide-input"], folder)
    verify = measured([program, "verify", "--dev", "--key", "sealed/model.vk", "proof"], folder)
    return {
        "once": once,
        "prove": prove,
        "verify": verify,
        "proof_bytes": (folder / "proof").stat().st_size,
        "proving_key_bytes": (folder / "sealed/model.pk").stat().st_size,
        "verifying_key_bytes": (folder / "sealed/model.vk").stat().st_size,
    }


def total(rows, steps):
    """Several steps as one."""
    return {
        "seconds": sum(rows[step]["seconds"] for step in steps),
        "cpu_seconds": sum(rows[step]["cpu_seconds"] for step in steps),
        "peak_bytes": max(rows[step]["peak_bytes"] for step in steps),
    }


def shaped(values, shape):
    """A flat list as nested ones."""
    if not shape:
        return values[0]
    size = len(values) // shape[0]
    return [shaped(values[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def sample_of(model):
    """The name, the shape and the flat values of the network's sample input."""
    ((name, values),) = json.loads(model.with_name(f"{model.stem}_input.json").read_text()).items()
    shape, flat = [], values
    while isinstance(flat[0], list):
        shape.append(len(values))
        values = values[0]
        flat = [value for part in flat for value in part]
    return (name, [*shape, len(values)]), flat


def report(model, rows):
    """The table."""
    print(f"{model.stem}: EZKL {VERSION} beside tensorseal")
    columns = [
        ("once", "seconds", "keys, s"),
        ("once", "peak_bytes", "memory for keys, MB"),
        ("prove", "seconds", "prove, s"),
        ("prove", "cpu_seconds", "prove, processor s"),
        ("prove", "peak_bytes", "memory to prove, MB"),
        ("verify", "seconds", "verify, s (a process)"),
        (None, "proof_bytes", "proof, bytes"),
        (None, "proving_key_bytes", "proving key, MB"),
        (None, "verifying_key_bytes", "verifying key, bytes"),
    ]
    print(f"| {'':24} | {'EZKL':>12} | {'tensorseal':>12} | {'ratio':>8} |\n|---|---|---|---|")
    for part, key, title in columns:
        values = [row[part][key] if part else row[key] for row in rows]
        scale = 1e6 if "MB" in title else 1
        shown = [f"{value / scale:.3g}" if scale > 1 or value < 1000 else f"{value:,}" for value in values]
        print(f"| {title:24} | {shown[0]:>12} | {shown[1]:>12} | {values[0] / values[1]:>8.3g} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="an ONNX file with its _calibration.npz and _input.json beside it")
    parser.add_argument("--json", action="store_true", help="print everything that was measured")
    arguments = parser.parse_args()
    model = arguments.model.resolve()
    port, sample = sample_of(model)
    folder = ROOT / "target" / "peers" / model.stem
    rows = []
    for name, run in [
        ("ezkl", lambda place: with_ezkl(model, sample, place)),
        ("tensorseal", lambda place: with_tensorseal(model, port, sample, place)),
    ]:
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        rows.append(run(place))
    if arguments.json:
        print(json.dumps({"model": model.stem, "ezkl_version": VERSION, "ezkl": rows[0], "tensorseal": rows[1]}, indent=2))
    else:
        report(model, rows)


if __name__ == "__main__":
    main()
