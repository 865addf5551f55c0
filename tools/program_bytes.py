#!/usr/bin/env python3
"""Estimates what code of a core takes that calls kernels and is none: control flow, which the
recorder of kernels does not see. docs/npu/cycles.md, "What fits a core", uses the figures.

    tools/program_bytes.py src/npu/kernels/encoder_core.cc
    tools/program_bytes.py src/npu/kernels/attention.cc attention_keys attention_reference

Clang 16 compiles the source for RISC-V (32 bits, no compressed instructions, -Os), whose scalar
instructions are much like the core's. Without names of functions all are counted.
Each basic block is then scheduled as a core without interlocks wants it:
  - one instruction a bundle, 4 bytes, never two side by side in fewer; 6 for a jump or call;
  - RISC-V branches that compare two registers are a comparison and a jump;
  - to acquire or release a lock is an instruction;
  - a load is waited for 7 cycles, a product 2, with nops of 2 bytes where nothing else can be done;
  - jumps, calls and returns have five delay slots: what their condition does not need goes there,
    the rest are nops of 2 bytes;
  - nothing is under way from one block to the next: a block ends when its loads have arrived.
So it is an upper estimate for a compiler that fills bundles no better than this one."""

import re
import subprocess
import sys

FLAGS = ["--target=riscv32-unknown-none-elf", "-march=rv32im", "-mabi=ilp32", "-std=c++20", "-Os",
         "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fno-asynchronous-unwind-tables",
         "-fomit-frame-pointer", "-I", ".", "-I", "src", "-I", "src/npu/kernels/declared/include"]
# Compiled in front of the source: locks as an instruction that no kernel has otherwise.
LOCKS = """#include <aie_api/aie.hpp>
inline void lock_instruction(unsigned id, int value) {
  asm volatile("mulhu zero, %0, %1" : : "r"(id), "r"(value) : "memory");
}
#define acquire_greater_equal lock_instruction
#define release lock_instruction
#include "SOURCE"
"""
LATENCY = {"lw": 7, "lh": 7, "lhu": 7, "lb": 7, "lbu": 7, "mul": 2}
STORES = {"sw", "sh", "sb", "mulhu"}
BRANCHES = {"beqz": 1, "bnez": 1, "blez": 2, "bgez": 2, "bltz": 2, "bgtz": 2, "beq": 2, "bne": 2,
            "blt": 2, "bge": 2, "bltu": 2, "bgeu": 2, "bgt": 2, "ble": 2, "bgtu": 2, "bleu": 2}
DELAY_SLOTS = 5
REGISTER = re.compile(r"^(?:ra|sp|gp|tp|[ast]\d+|s1[01]|zero)$")


class Instruction:
    """What it reads and writes; `jump` if it ends a block."""

    def __init__(self, name, operands):
        registers = [r for o in operands for r in re.findall(r"[a-z]+\d*", o) if REGISTER.match(r)]
        self.name, self.jump = name, name in BRANCHES or name in {"j", "jr", "call", "ret", "tail"}
        writes_first = not self.jump and name not in STORES
        self.writes = set(registers[:1] if writes_first else []) - {"zero"}
        self.reads = set(registers[1:] if writes_first else registers) - {"zero"}
        if name == "ret":
            self.reads = {"ra"}
        self.latency = LATENCY.get(name, 1)
        is_load = name in LATENCY and name != "mul"
        self.memory = "store" if name in STORES else "load" if is_load else ""

    def waits_for(self, other):
        """Cycles from `other`, which stands before this one in the program, or None."""
        cycles = []
        if other.writes & self.reads:
            cycles.append(other.latency)
        if other.reads & self.writes:
            cycles.append(0)
        if other.writes & self.writes:
            cycles.append(max(1, other.latency - self.latency + 1))
        if "store" in (self.memory, other.memory) and self.memory and other.memory:
            cycles.append(1)
        return max(cycles) if cycles else None


def blocks_of(lines):
    """The basic blocks of a function: lists of instructions."""
    blocks = [[]]
    for line in lines:
        if re.match(r"^\.L\w+:", line):
            blocks.append([])
            continue
        match = re.match(r"^\t([a-z]\w*)\s*(.*)$", line)
        if not match:
            continue
        name, operands = match.group(1), [o.strip() for o in match.group(2).split("#")[0].split(",")]
        instruction = Instruction(name, operands)
        if BRANCHES.get(name) == 2:
            comparison = Instruction("compare", ["condition"] + operands[:-1])
            comparison.writes, comparison.reads = {"condition"}, instruction.reads
            instruction.reads = {"condition"}
            blocks[-1].append(comparison)
        if name == "call":
            # Arguments are needed only where the callee begins, behind the delay slots.
            instruction.reads = set()
        blocks[-1].append(instruction)
        if instruction.jump:
            blocks.append([])
    return [block for block in blocks if block]


def bytes_of(block):
    """Of a block's bundles: a list schedule, critical instructions first."""
    jump = block[-1] if block[-1].jump else None
    body = block[:-1] if jump else block
    waits = [{i: w for i in range(j) if (w := body[j].waits_for(body[i])) is not None}
             for j in range(len(body))]
    height = [instruction.latency for instruction in body]
    for j in range(len(body) - 1, -1, -1):
        for i, wait in waits[j].items():
            height[i] = max(height[i], wait + height[j])
    # What the jump needs goes first of all.
    needed = {i for i, instruction in enumerate(body) if jump and instruction.writes & jump.reads}
    for j in range(len(body) - 1, -1, -1):
        if j in needed:
            needed |= set(waits[j])
    at, cycle = {}, 0
    while len(at) < len(body):
        ready = [j for j in range(len(body)) if j not in at and
                 all(i in at and at[i] + w <= cycle for i, w in waits[j].items())]
        if ready:
            at[max(ready, key=lambda j: (j in needed, height[j], -j))] = cycle
        cycle += 1
    end = max((at[j] + instruction.latency for j, instruction in enumerate(body)), default=0)
    size = 4 * len(body)
    if not jump:
        return size + 2 * (end - len(body))
    condition = max((at[j] + instruction.latency for j, instruction in enumerate(body)
                     if instruction.writes & jump.reads), default=0)
    # The jump takes a bundle of its own among the others; those behind it move one further.
    place = max(condition, end - DELAY_SLOTS, 0)
    cycles = max(end, place) + 1 if place < end else place + 1
    cycles = max(cycles, place + 1 + DELAY_SLOTS)
    return size + 6 + 2 * (cycles - 1 - len(body))


def main():
    source, names = sys.argv[1], sys.argv[2:]
    listing = subprocess.run(["clang++-16", *FLAGS, "-S", "-o", "-", "-x", "c++", "-"], text=True,
                             input=LOCKS.replace("SOURCE", source), stdout=subprocess.PIPE,
                             check=True).stdout
    functions, name = {}, None
    for line in listing.splitlines():
        match = re.match(r"^([A-Za-z_]\w*):", line)
        if match:
            name = match.group(1)
            functions[name] = []
        elif name and line.startswith("\t.size"):
            name = None
        elif name:
            functions[name].append(line)
    total = 0
    for name, lines in functions.items():
        blocks = blocks_of(lines)
        if not blocks or (names and name not in names):
            continue
        size = sum(bytes_of(block) for block in blocks)
        count = sum(len(block) for block in blocks)
        total += size
        print(f"{size:6d} bytes, {count:4d} instructions  {name}")
    print(f"{total:6d} bytes")


if __name__ == "__main__":
    main()
