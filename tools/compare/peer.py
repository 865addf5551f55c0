"""What `sotto bench --compare` talks to: an engine in a process of its own.

It writes a line "ready: NAME AND VERSION", then answers each line of its standard input, a task, with the seconds that
the task took, or "-" when the engine cannot do it or cannot be made to take so many tokens:

    encoder      one window
    token N      one token for each of N windows that are decoded together
    windows N    N windows, from their spectrograms to 100 forced tokens each
    windows N of many    the same where more windows follow, on which an engine may begin meanwhile. The engines here
                         have no such mode: they answer with the time of "windows N"
"""

import sys
import time
from collections.abc import Callable


def timed(body: Callable[[], object]) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def serve(name: str, tasks: dict[str, Callable[..., float | None]]) -> None:
    print(f"ready: {name}", flush=True)
    for line in sys.stdin:
        task, *words = line.split()
        seconds = tasks[task](*map(int, words[:1])) if task in tasks else None
        print("-" if seconds is None else f"{seconds:.9f}", flush=True)
