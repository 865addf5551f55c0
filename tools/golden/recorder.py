"""Watches openai/whisper decide, so that golden token sequences are known not to hang on a rounding error."""

from contextlib import contextmanager
from types import SimpleNamespace

from whisper import decoding


@contextmanager
def recorded_decodings():
    """Yields a list that gets one namespace per decoding (DecodingTask.run) while the context lasts:

    initial_tokens  what the decoder was given before the first decision
    finished        whether an end token was sampled
    margin          the smallest gap of any decision: best to second logit, sum of the timestamps' probabilities to the
                    best text token's (as logarithms)
    """
    recorded = []
    originals = decoding.DecodingTask._main_loop, decoding.GreedyDecoder.update, decoding.ApplyTimestampRules.apply
    functional = decoding.F

    def main_loop(task, audio_features, tokens):
        recorded.append(SimpleNamespace(initial_tokens=tokens[0].tolist(), margin=float("inf")))
        result = originals[0](task, audio_features, tokens)
        recorded[-1].finished = result[0][0, -1].item() == task.tokenizer.eot
        return result

    def update(decoder, tokens, logits, sum_logprobs):
        best = logits[0].topk(2).values
        note_gap(float(best[0] - best[1]))
        return originals[1](decoder, tokens, logits, sum_logprobs)

    def apply_timestamp_rules(rules, logits, tokens):
        def log_softmax(values, dim):
            """The rules' only call: the decision between timestamps and text follows from what it returns."""
            result = functional.log_softmax(values, dim=dim)
            begin = rules.tokenizer.timestamp_begin
            gap = abs(float(result[0, begin:].logsumexp(-1) - result[0, :begin].max()))
            note_gap(gap)
            return result

        decoding.F = SimpleNamespace(log_softmax=log_softmax, pad=functional.pad)
        try:
            originals[2](rules, logits, tokens)
        finally:
            decoding.F = functional

    def note_gap(gap):
        recorded[-1].margin = min(recorded[-1].margin, gap)

    decoding.DecodingTask._main_loop = main_loop
    decoding.GreedyDecoder.update = update
    decoding.ApplyTimestampRules.apply = apply_timestamp_rules
    try:
        yield recorded
    finally:
        decoding.DecodingTask._main_loop, decoding.GreedyDecoder.update, decoding.ApplyTimestampRules.apply = originals


def check_margin(name: str, margin: float, least: float = 1e-3) -> float:
    if not margin > least:
        raise ValueError(f"{name}: a decision hangs on a difference of {margin:g}; change the seed or the prompt")
    return margin
