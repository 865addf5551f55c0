#!/usr/bin/env python3
"""Estimates what code of a core takes that calls kernels and is none: control flow,
which the recorder of kernels does not see. docs/npu/cycles.md, "What fits a core", uses the sums.

    tools/program_bytes.py
    tools/program_bytes.py --check   # fails where encoder_network.h says less, control.h others
    tools/program_bytes.py --round attention_weights

Which functions those are is found from PROGRAMS on: what they call, and what that calls, as far
as a function has no vectors. One that has is a kernel, which the recorder sees.
Clang 16 compiles the source for RISC-V (32 bits, no compressed instructions, -Os), whose scalar
instructions are much like the core's.
Cycles are those of the shortest way from a function's beginning to its return; with --round, of the
shortest way from one call of that kernel to its next one, round a loop. What a call of a kernel takes
is in the kernel's cost (20 cycles, jump and return with their delay slots included) and not
here; a function of the source that is called is.
Each basic block is then scheduled as a core without interlocks wants it:
  - one instruction a bundle, 4 bytes, never two side by side in fewer; 6 for a jump or call;
  - RISC-V branches that compare two registers are a comparison and a jump;
  - to acquire or release a lock is an instruction, which the next lock or access to memory waits for
    4 cycles; it waits itself for 5 cycles after an access, which is then over, and for 4 behind a call,
    whose last store may arrive 10 cycles behind the return;
  - a load is waited for 7 cycles, a product 2, with nops of 2 bytes where nothing else can be done;
  - jumps, calls and returns have five delay slots: what their condition does not need goes there,
    the rest are nops of 2 bytes;
  - nothing is under way from one block to the next: a block ends when its loads have arrived;
  - what a jump leads to and what a call returns to begin at multiples of 16 bytes.
So it is an upper estimate for a compiler that fills bundles no better than this one."""

import argparse
import heapq
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KERNELS = "src/npu/kernels"
# Where a core's program begins; attention_keys is one of a design of its own.
PROGRAMS = ["attention_keys", "encoder_core"]
# Holds a constant for each function that is no kernel: kEncoderCoreProgram of encoder_core.
HEADER = "src/npu/design/examples/encoder_network.h"
# Holds a constant for each of CYCLES.
CYCLES_HEADER = f"{KERNELS}/control.h"
# By constant: cycles from one call of a kernel to the next, with "via" on a way that calls that
# kernel, or through a function.
CYCLES = {
    "kFromTileToTile": {"round": "attention_weights"},
    "kFromTileToLastTile": {"round": "attention_weights", "via": "zero_blocks"},
    "kFromPassToPass": {"round": "invert_sums"},
    "kFromStripToStrip": {"round": "round_strip_a"},
    "kFromObjectToObject": {"round": "passthrough"},
    "kThroughReference": {"through": "attention_reference"},
    "kThroughKeys": {"through": "attention_keys"},
}
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
LOCK = "mulhu"
LOADS = {"lw", "lh", "lhu", "lb", "lbu"}
STORES = {"sw", "sh", "sb", LOCK}
LATENCY = {**dict.fromkeys(LOADS, 7), "mul": 2, LOCK: 4}
ACCESS_TO_LOCK = 5
CALL_TO_LOCK = 4
BRANCHES = {"beqz": 1, "bnez": 1, "blez": 2, "bgez": 2, "bltz": 2, "bgtz": 2, "beq": 2, "bne": 2,
            "blt": 2, "bge": 2, "bltu": 2, "bgeu": 2, "bgt": 2, "ble": 2, "bgtu": 2, "bleu": 2}
DELAY_SLOTS = 5
BLOCK_ALIGNMENT = 16
REGISTER = re.compile(r"^(?:ra|sp|gp|tp|[ast]\d+|s1[01]|zero)$")


class Instruction:
    """What it reads and writes; `jump` if it ends a block."""

    def __init__(self, name, operands):
        self.target = operands[-1] if operands else ""
        registers = [r for o in operands for r in re.findall(r"[a-z]+\d*", o) if REGISTER.match(r)]
        self.name, self.jump = name, name in BRANCHES or name in {"j", "jr", "call", "ret", "tail"}
        writes_first = not self.jump and name not in STORES
        self.writes = set(registers[:1] if writes_first else []) - {"zero"}
        self.reads = set(registers[1:] if writes_first else registers) - {"zero"}
        if name == "ret":
            self.reads = {"ra"}
        self.latency = LATENCY.get(name, 1)
        self.memory = "store" if name in STORES else "load" if name in LOADS else ""

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
            cycles.append(LATENCY[LOCK] if other.name == LOCK else
                          ACCESS_TO_LOCK if self.name == LOCK else 1)
        return max(cycles) if cycles else None


def blocks_of(lines):
    """The basic blocks of a function, as lists of instructions, and the index of each label's."""
    blocks, labels = [[]], {}
    for line in lines:
        if match := re.match(r"^(\.L\w+):", line):
            if blocks[-1]:
                blocks.append([])
            labels[match.group(1)] = len(blocks) - 1
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
    return blocks, labels


def cost_of(block, behind_call):
    """Bytes and cycles of a block's bundles: a list schedule, critical instructions first."""
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
                 (cycle >= CALL_TO_LOCK or not behind_call or body[j].name != LOCK) and
                 all(i in at and at[i] + w <= cycle for i, w in waits[j].items())]
        if ready:
            at[max(ready, key=lambda j: (j in needed, height[j], -j))] = cycle
        cycle += 1
    end = max((at[j] + instruction.latency for j, instruction in enumerate(body)), default=0)
    size = 4 * len(body)
    if not jump:
        return size + 2 * (end - len(body)), end
    condition = max((at[j] + instruction.latency for j, instruction in enumerate(body)
                     if instruction.writes & jump.reads), default=0)
    # The jump takes a bundle of its own among the others; those behind it move one further.
    place = max(condition, end - DELAY_SLOTS, 0)
    cycles = max(end, place) + 1 if place < end else place + 1
    cycles = max(cycles, place + 1 + DELAY_SLOTS)
    return size + 6 + 2 * (cycles - 1 - len(body)), cycles


def aligned_up(size):
    return -(-size // BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT


class Function:
    """Blocks with what follows them; `least` cycles from the beginning to the return."""

    def __init__(self, name, lines):
        self.name = name
        self.blocks, self.labels = blocks_of(lines)
        calls = [block and block[-1].name == "call" for block in self.blocks]
        self.costs = [cost_of(block, index > 0 and calls[index - 1]) if block else (0, 0)
                      for index, block in enumerate(self.blocks)]

    def bytes(self):
        """What a jump leads to and what a call returns to begin at multiples of BLOCK_ALIGNMENT, and
        so does the function behind this one; bundles are made longer for that."""
        jumps = [self.jump_of(index) for index in range(len(self.blocks))]
        aligned = {self.labels[jump.target] for jump in jumps if jump and jump.target in self.labels}
        aligned |= {index + 1 for index, jump in enumerate(jumps) if jump and jump.name == "call"}
        end = 0
        for index, (size, _) in enumerate(self.costs):
            end = (aligned_up(end) if index in aligned else end) + size
        return aligned_up(end)

    def instructions(self):
        return sum(len(block) for block in self.blocks)

    def jump_of(self, index):
        block = self.blocks[index]
        return block[-1] if block and block[-1].jump else None

    def next_of(self, index):
        jump = self.jump_of(index)
        if jump and jump.name in {"ret", "jr", "tail"}:
            return []
        following = [index + 1] if index + 1 < len(self.blocks) else []
        if not jump or jump.name == "call":
            return following
        target = [self.labels[jump.target]]
        return target if jump.name == "j" else target + following

    def cycles(self, index, functions):
        jump, cycles = self.jump_of(index), self.costs[index][1]
        if not jump or jump.name not in {"call", "ret", "tail"}:
            return cycles
        callee = functions.get(jump.target)
        if jump.name == "call" and callee:
            # Its return, with its delay slots, is no kernel's.
            return cycles + callee.least(functions) + 1 + DELAY_SLOTS
        return cycles - 1 - DELAY_SLOTS

    def shortest(self, starts, is_end, functions):
        """Cycles from behind the blocks `starts` to the end of a block that is_end, or None."""
        queue = [(0, follower) for start in starts for follower in self.next_of(start)]
        seen = set()
        while queue:
            cycles, index = heapq.heappop(queue)
            if index in seen:
                continue
            seen.add(index)
            cycles += self.cycles(index, functions)
            if is_end(index):
                return cycles
            for follower in self.next_of(index):
                heapq.heappush(queue, (cycles, follower))
        return None

    def least(self, functions):
        def returns(index):
            return not self.next_of(index)
        first = self.cycles(0, functions)
        return first if returns(0) else first + (self.shortest([0], returns, functions) or 0)

    def calls_of(self, kernel):
        jumps = [self.jump_of(index) for index in range(len(self.blocks))]
        return [index for index, jump in enumerate(jumps)
                if jump and jump.name == "call" and jump.target == kernel]

    def way(self, start, end, functions):
        return self.shortest([start], lambda index: index == end, functions)

    def round(self, kernel, functions, via=None):
        """From a call of the kernel to its next one, if wanted by way of one of another."""
        ways = []
        for start in self.calls_of(kernel):
            for stop in self.calls_of(via) if via else [start]:
                there = self.way(start, stop, functions)
                back = self.way(stop, start, functions) if via else 0
                ways += [] if None in (there, back) else [there + back]
        return min(ways, default=None)


def functions_of(source):
    """By name: the lines of each function that a source is compiled to."""
    listing = subprocess.run(["clang++-16", *FLAGS, "-S", "-o", "-", "-x", "c++", "-"], text=True,
                             input=LOCKS.replace("SOURCE", source), stdout=subprocess.PIPE,
                             check=True, cwd=ROOT).stdout
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
    return functions


def with_own(name, functions):
    """The function and those of its source that it calls, and what else they call. Names of C are
    those of kernels."""
    own, others, left = {}, set(), [name]
    while left:
        name = left.pop()
        own[name] = functions[name]
        for line in functions[name]:
            match = re.match(r"^\t(?:call|tail)\t(\w+)", line)
            if not match or match.group(1) in own:
                continue
            callee = match.group(1)
            if callee in functions and callee.startswith("_Z"):
                left.append(callee)
            else:
                others.add(callee)
    return own, others


def programs():
    """From PROGRAMS on: by name, the functions of what is no kernel; and kernels that they call."""
    sources = {}
    for path in sorted((ROOT / KERNELS).glob("*.cc")):
        if not path.name.endswith(("_test.cc", "_testing.cc")):
            functions = functions_of(f"{KERNELS}/{path.name}")
            sources.update({name: functions for name in functions if not name.startswith("_Z")})
    found, kernels, left = {}, set(), list(PROGRAMS)
    while left:
        name = left.pop()
        if name not in sources:
            sys.exit(f"{name} is called and stands in no source of {KERNELS}")
        own, others = with_own(name, sources[name])
        if any(other.startswith("_Z") for other in others):  # of the vectors' header
            kernels.add(name)
            continue
        found[name] = own
        left += sorted(others - found.keys() - kernels, reverse=True)
    return found, kernels


def constant_of(name):
    return "k" + "".join(word.capitalize() for word in name.split("_")) + "Program"


def cycles_of(found):
    """CYCLES, by constant."""
    functions = {name: {part: Function(part, lines) for part, lines in own.items()}
                 for name, own in found.items()}
    cycles = {}
    for constant, what in CYCLES.items():
        if through := what.get("through"):
            cycles[constant] = functions[through][through].least(functions[through])
            continue
        rounds = [function.round(what["round"], own, what.get("via"))
                  for own in functions.values() for function in own.values()]
        cycles[constant] = min((each for each in rounds if each is not None), default=None)
    return cycles


def check_cycles(cycles):
    """What is wrong with CYCLES_HEADER, line by line."""
    header = (ROOT / CYCLES_HEADER).read_text()
    said = {name: int(number) for name, number in re.findall(r"\bint (k\w+) = (\d+);", header)}
    problems = [f"{name} is {said.get(name, 'missing')}, and {wanted} are computed"
                for name, wanted in cycles.items() if said.get(name) != wanted]
    problems += [f"{name} is there, and nothing computes it"
                 for name in sorted(said.keys() - cycles.keys())]
    return [f"{CYCLES_HEADER}: {problem}" for problem in problems]


def check(sizes):
    """What is wrong with HEADER, line by line."""
    header = (ROOT / HEADER).read_text()
    said = {name: int(number) for name, number in re.findall(r"\b(k\w+Program) = (\d+)", header)}
    wanted = {constant_of(name): size for name, size in sizes.items()}
    problems = [f"{name} is {said.get(name, 'missing')}, and {size} are needed"
                for name, size in wanted.items() if said.get(name, 0) < size]
    problems += [f"{name} is there, and no such function is found"
                 for name in sorted(said.keys() - wanted.keys())]
    return [f"{HEADER}: {problem}" for problem in problems]


def main():
    parser = argparse.ArgumentParser(description="What code takes that calls a core's kernels.")
    parser.add_argument("--check", action="store_true",
                        help=f"fail where {HEADER} says less or {CYCLES_HEADER} something else")
    parser.add_argument("--round", metavar="KERNEL", help="cycles from one call of it to the next")
    options = parser.parse_args()
    found, kernels = programs()
    sizes, count = {}, 0
    for name, own in found.items():
        functions = {part: Function(part, lines) for part, lines in own.items()}
        sizes[name] = sum(function.bytes() for function in functions.values())
        count += sum(function.instructions() for function in functions.values())
        print(f"{sizes[name]:6d} bytes, {functions[name].least(functions):4d} cycles at least  {name}")
        for function in functions.values() if options.round else ():
            if (cycles := function.round(options.round, functions)) is not None:
                print(f"{cycles:6d} cycles from one {options.round} to the next  {function.name}")
    print(f"{sum(sizes.values()):6d} bytes, {count} instructions, which call")
    print("  " + ", ".join(sorted(kernels)))
    problems = check(sizes) + check_cycles(cycles_of(found)) if options.check else []
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
