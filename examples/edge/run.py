"""Runs the example under wasmtime and measures its stack: python run.py MODULE KEY PROOF [--dev]

Two stacks are measured, each for loading the key and verifying together. The one that the module keeps in its memory is painted before
the start and read afterwards. The one of the machine code, which holds what registers cannot, is found by giving the machine less and
less of it; a microcontroller has one stack for both.
"""

import sys
import tempfile
from pathlib import Path

from wasmtime import Config, Engine, ExitTrap, Linker, Module, Store, Trap, TrapCode, WasiConfig

PAINT = 0xA5
# Programs for WASI have their stack below everything else, one mebibyte by default.
STACK_POINTER = "__stack_pointer"
KIBIBYTE = 1024


def run(engine, module, arguments, paint=False):
    """Runs the module; gives what it prints, its exit status and, where painted, the bytes of its stack that it has used."""
    store = Store(engine)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        wasi = WasiConfig()
        names = []
        for index, argument in enumerate(arguments):
            if argument.startswith("--"):
                names.append(argument)
                continue
            path = Path(argument).resolve()
            wasi.preopen_dir(str(path.parent), f"/{index}")
            names.append(f"/{index}/{path.name}")
        wasi.argv = ["edge", *names]
        wasi.stdout_file = str(output)
        wasi.inherit_stderr()
        store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        instance = linker.instantiate(store, module)
        exports = instance.exports(store)
        memory = exports["memory"]
        top = exports[STACK_POINTER].value(store)
        if paint:
            memory.write(store, bytes([PAINT]) * top, 0)
        try:
            exports["_start"](store)
            status = 0
        except ExitTrap as exit:
            status = exit.code
        used = None
        if paint:
            stack = memory.read(store, 0, top)
            used = top - (len(stack) - len(stack.lstrip(bytes([PAINT]))))
        pages = memory.size(store)
        return output.read_text(), status, used, pages


def engine_with(stack=None):
    config = Config()
    if stack is not None:
        config.max_wasm_stack = stack
    return Engine(config)


def suffices(stack, file, arguments):
    """Whether so many bytes of the machine's stack are enough."""
    engine = engine_with(stack)
    try:
        run(engine, Module.from_file(engine, file), arguments)
    except Trap as trap:
        if trap.trap_code == TrapCode.STACK_OVERFLOW:
            return False
        raise
    return True


def main():
    file, *arguments = sys.argv[1:]
    engine = engine_with()
    text, status, used, pages = run(engine, Module.from_file(engine, file), arguments, paint=True)
    print(text, end="")
    if status > 1:
        sys.exit(status)
    low, high = 0, 512 * KIBIBYTE
    while high - low > KIBIBYTE:
        middle = (low + high) // 2
        if suffices(middle, file, arguments):
            high = middle
        else:
            low = middle
    print(f"stack in memory: {used} bytes")
    print(f"stack of the machine code under wasmtime: {high // KIBIBYTE} KiB")
    print(f"memory with a stack of one mebibyte: {pages * 64} KiB")
    sys.exit(status)


main()
