"""OpenVINO's encoder: python peer_openvino.py FOLDER THREADS TYPE"""

import sys
from pathlib import Path

import numpy as np
import openvino as ov

from peer import serve, timed

# What is not integers may be in either where TYPE says int8: what is faster here.
PRECISIONS = {"float32": ["f32"], "int8_float32": ["f32"], "bfloat16": ["bf16"]}

folder, threads, compute_type = sys.argv[1:]
file = Path(folder) / ("int8.xml" if compute_type.startswith("int8") else "float32.xml")


def encoder_in(precision: str):
    settings = {
        "INFERENCE_NUM_THREADS": int(threads),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    request = ov.Core().compile_model(file, "CPU", settings).create_infer_request()
    shape = tuple(request.get_input_tensor().shape)
    mel = np.random.default_rng(0).uniform(-0.5, 1.5, shape).astype(np.float32)
    return lambda: timed(lambda: request.infer({0: mel}))


encoders = {precision: encoder_in(precision) for precision in PRECISIONS.get(compute_type, ["f32", "bf16"])}
rounds = [{precision: encode() for precision, encode in encoders.items()} for _ in range(4 if len(encoders) > 1 else 1)]
fastest = min(encoders, key=lambda precision: min(seconds[precision] for seconds in rounds))
serve(f"OpenVINO {ov.__version__} {compute_type}, {fastest}", {"encoder": encoders[fastest]})
