"""One step of a proof with EZKL, in a folder that holds the files of all steps: ezkl_step.py STEP MODEL.onnx"""

import asyncio
import inspect
import json
import sys

import ezkl

SETTINGS, COMPILED, SRS, PROVING_KEY, VERIFYING_KEY = "settings.json", "model.compiled", "kzg.srs", "pk.key", "vk.key"
INPUT, WITNESS, PROOF = "input.json", "witness.json", "proof.json"


async def step(name, model):
    if name == "settings":
        arguments = ezkl.PyRunArgs()
        arguments.input_visibility, arguments.param_visibility, arguments.output_visibility = "private", "fixed", "public"
        return ezkl.gen_settings(model, SETTINGS, py_run_args=arguments)
    if name == "calibrate":
        return ezkl.calibrate_settings(INPUT, model, SETTINGS, "resources", scales=[7])
    if name == "srs":
        with open(SETTINGS) as file:
            rows = json.load(file)["run_args"]["logrows"]
        return ezkl.gen_srs(SRS, rows)
    if name == "compile":
        return ezkl.compile_circuit(model, COMPILED, SETTINGS)
    if name == "setup":
        return ezkl.setup(COMPILED, VERIFYING_KEY, PROVING_KEY, SRS)
    if name == "witness":
        return ezkl.gen_witness(INPUT, COMPILED, WITNESS)
    if name == "prove":
        return ezkl.prove(WITNESS, COMPILED, PROVING_KEY, PROOF, SRS)
    if name == "verify":
        return ezkl.verify(PROOF, SETTINGS, VERIFYING_KEY, SRS)
    raise SystemExit(f"there is no step {name}")


async def main():
    name, model = sys.argv[1:]
    result = await step(name, model)
    # Some steps are asynchronous, and which ones differs from version to version.
    if inspect.isawaitable(result):
        result = await result
    if result is False or result is None and name in ("setup", "verify", "calibrate"):
        raise SystemExit(f"{name} gave {result}")


asyncio.run(main())
