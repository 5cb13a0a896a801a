"""The child process that writes down speech: Moonshine tiny, an encoder and a decoder on onnxruntime.

The models and their tokens come from Useful Sensors (https://github.com/moonshine-ai/moonshine). They take 16 kHz
sound; the decoder yields one token at a time and is given back its own memory of what it saw.
"""

import json
import re
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from limi.sandbox.speech.weights import MOONSHINE_DECODER, MOONSHINE_ENCODER, MOONSHINE_TOKENS, read_weight
from limi.sandbox.speech.workers.framing import serve
from limi.sandbox.speech.workers.inference import start_inference
from limi.sandbox.speech.workers.sound import RATE, Resampler, cut_at_pauses, in_a_room, without_silence

if TYPE_CHECKING:
    from limi.sandbox.speech.workers.sound import Samples

__all__ = ["MoonshineWriter", "Tokens"]

_LONGEST: Final = 24 * RATE
"""Moonshine loses words in clips past 30 s."""
_SHORTEST: Final = 16 * RATE
"""A piece that is cut has at least this much, so that there are eight seconds to find a pause in."""
_SHORT: Final = RATE
"""A clip under a tenth of a second is an error to Moonshine, and "No." under a second ends with a comma."""
_TURNS: Final = 128
"""Unfinished turns kept, as many as the sandbox has sessions; each takes 3 MB at most."""
_FIRST_TOKEN: Final = 1
_LAST_TOKEN: Final = 2
_TOKENS_PER_SECOND: Final = 6.5
"""Nobody speaks faster; past it the decoder repeats itself."""
_SPARE_TOKENS: Final = 4
_BYTE_TOKEN: Final = re.compile(r"<0x([0-9A-F]{2})>")


class MoonshineWriter:
    """Answers `{"turn", "audio", "encoding", "last"}` with the text that became known with this audio."""

    def __init__(self, folder: Path) -> None:
        """Load the models.

        Args:
            folder: Where the weights lie.

        Raises:
            ImportError: When a library or the weights are missing.
        """
        import numpy as np  # noqa: PLC0415 - optional dependencies, wanted in this process only

        self._np = np
        self._encoder = start_inference(read_weight(folder, MOONSHINE_ENCODER))
        self._decoder = start_inference(read_weight(folder, MOONSHINE_DECODER))
        self._tokens = Tokens(json.loads(read_weight(folder, MOONSHINE_TOKENS)))
        self._outputs = [output.name for output in self._decoder.get_outputs()]
        self._memory = {i.name: i.shape for i in self._decoder.get_inputs() if i.name.startswith("past_")}
        self._turns: OrderedDict[int, _Turn] = OrderedDict()

    def __call__(self, question: dict[str, Any]) -> str:
        """Hear the next part of a turn."""
        number: int = question["turn"]
        turn = self._turns.pop(number, None) or _Turn(question["encoding"], self._np)
        if not question["last"]:
            self._keep(number, turn)
        texts = (self._write(piece) for piece in turn.take(question["audio"], last=question["last"]))
        return " ".join(filter(None, texts))

    def _keep(self, number: int, turn: "_Turn") -> None:
        self._turns[number] = turn
        if len(self._turns) > _TURNS:
            self._turns.popitem(last=False)

    def _write(self, samples: "Samples") -> str:
        # Of short sentences it hears nothing in some when they are cut one way, and in others when the other way.
        return self._hear(without_silence(samples)) or self._hear(without_silence(samples, tightly=True))

    def _hear(self, speech: "Samples") -> str:
        if not len(speech):
            return ""
        speech = in_a_room(self._np.pad(speech, (0, max(0, _SHORT - len(speech)))))
        (hidden,) = self._encoder.run(None, {self._encoder.get_inputs()[0].name: speech[None]})
        return self._tokens.text(self._decode(hidden, len(speech) / RATE))

    def _decode(self, hidden: Any, seconds: float) -> Iterator[int]:  # noqa: ANN401 - an array
        np = self._np
        memory = {name: np.zeros((1, shape[1], 0, shape[3]), np.float32) for name, shape in self._memory.items()}
        token = _FIRST_TOKEN
        for step in range(int(seconds * _TOKENS_PER_SECOND) + _SPARE_TOKENS):
            inputs = {
                "input_ids": np.asarray([[token]], np.int64),
                "encoder_hidden_states": hidden,
                "use_cache_branch": np.asarray([step > 0]),
                **memory,
            }
            logits, *present = self._decoder.run(None, inputs)
            token = int(np.argmax(logits[0, -1]))
            if token == _LAST_TOKEN:
                return
            yield token
            self._remember(memory, present, everything=step == 0)

    def _remember(self, memory: dict[str, Any], present: list[Any], *, everything: bool) -> None:
        # What the decoder knows of the sound it works out at the first step only; later it gives it back empty.
        for name, value in zip(self._outputs[1:], present, strict=True):
            if everything or ".decoder." in name:
                memory[name.replace("present", "past_key_values")] = value


class _Turn:
    """What was said and is not written down yet."""

    def __init__(self, encoding: str, numpy: Any) -> None:  # noqa: ANN401 - the module, where it is imported
        self._resampler = Resampler(encoding)
        self._np = numpy
        self._rest: Samples = numpy.empty(0, "float32")

    def take(self, audio: bytes, *, last: bool) -> "list[Samples]":
        heard = self._np.concatenate([self._rest, self._resampler.take(audio, last=last)])
        *full, self._rest = cut_at_pauses(heard, shortest=_SHORTEST, longest=_LONGEST)
        return [*full, self._rest] if last else full


class Tokens:
    """The words and parts of words that the decoder's numbers stand for."""

    def __init__(self, tokenizer: Mapping[str, Any]) -> None:
        """Read them from a Hugging Face `tokenizer.json` of kind BPE with byte fallback."""
        self._pieces = {number: _bytes(piece) for piece, number in tokenizer["model"]["vocab"].items()}
        self._pieces |= {token["id"]: b"" for token in tokenizer["added_tokens"]}

    def text(self, numbers: Iterator[int]) -> str:
        """Return what the numbers say."""
        return b"".join(self._pieces.get(number, b"") for number in numbers).decode(errors="replace").strip()


def _bytes(piece: str) -> bytes:
    if match := _BYTE_TOKEN.fullmatch(piece):
        return bytes([int(match[1], 16)])
    return piece.replace("\u2581", " ").encode()  # U+2581 stands for the space before a word.


if __name__ == "__main__":
    make: Callable[[], MoonshineWriter] = partial(MoonshineWriter, Path(sys.argv[1]))
    serve(make, answer_seconds=float(sys.argv[2]))
