"""OpenVINO's encoder: python peer_openvino.py FOLDER THREADS TYPE"""

import sys
from pathlib import Path

import numpy as np
import openvino as ov

from peer import serve, timed

folder, threads, compute_type = sys.argv[1:]
settings = {"INFERENCE_NUM_THREADS": int(threads), "PERFORMANCE_HINT": "LATENCY"}
# int8 leaves what is not integers to OpenVINO's own choice, which is bfloat16 where the processor has it.
if compute_type in ("float32", "int8_float32"):
    settings["INFERENCE_PRECISION_HINT"] = "f32"
elif compute_type == "bfloat16":
    settings["INFERENCE_PRECISION_HINT"] = "bf16"
file = "int8.xml" if compute_type.startswith("int8") else "float32.xml"
request = ov.Core().compile_model(Path(folder) / file, "CPU", settings).create_infer_request()
shape = request.get_input_tensor().shape
mel = np.random.default_rng(0).uniform(-0.5, 1.5, tuple(shape)).astype(np.float32)

serve(f"OpenVINO {ov.__version__} {compute_type}", {"encoder": lambda: timed(lambda: request.infer({0: mel}))})
