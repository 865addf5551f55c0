"""Shows that `transformers` loads a digits folder and hears what openai/whisper hears.

python check_transformers.py --model ../../models/digits recording.wav
"""

import argparse
from pathlib import Path

import soundfile
import torch
import whisper
from scipy.signal import resample_poly
from transformers import WhisperForConditionalGeneration, WhisperProcessor

from openai_engine import OpenAI, tokenizer


def main() -> None:
    """Prints the tokens that both give for the first 30 s of a recording, from the same features."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("recording", nargs="+")
    arguments = parser.parse_args()
    processor = WhisperProcessor.from_pretrained(arguments.model)
    theirs = WhisperForConditionalGeneration.from_pretrained(arguments.model, dtype=torch.float32)
    ours = OpenAI(arguments.model).model
    for path in arguments.recording:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        samples = resample_poly(samples.mean(axis=1), 16000, rate)[: 30 * 16000]
        features = processor(samples, sampling_rate=16000, return_tensors="pt").input_features
        generated = theirs.generate(features, return_timestamps=True, return_dict_in_generate=True, return_segments=True)
        first = [token for segment in generated["segments"][0] for token in segment["tokens"].tolist()]
        options = whisper.DecodingOptions(fp16=False, temperature=0.0, language="en")
        second = whisper.decode(ours, features[0], options).tokens
        print(f"{path}: transformers {processor.decode(first, decode_with_timestamps=True)!r}")
        print(f"{' ' * len(path)}  openai       {tokenizer().decode_with_timestamps(second)!r}")


if __name__ == "__main__":
    main()
