#!/usr/bin/env python3
"""Puts into docs/writing-a-design.md what its commands say now: after a change of what is simulated.

tools/design_page.py [build folder, default build/release]; the target designs_test must be built.
"""

import pathlib
import re
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parent.parent
build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "build/release"
page = root / "docs/writing-a-design.md"


def shown(match: re.Match) -> str:
    program, *arguments = match[1].split()
    said = subprocess.run([build / "designs" / program, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False).stdout
    return f"```\n$ {match[1]}\n{said}```\n"


page.write_text(re.sub(r"```\n\$ ([^\n]*)\n(?:(?!```).*\n)*```\n", shown, page.read_text()))
