"""Contenders that do less than the others are found out."""

from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from benchmarks.harness.answers import DifferentAnswerError, check_answer, check_traces
from benchmarks.harness.servers import Contender, running


def test_an_answer_with_another_member_is_found(contender: Contender, tmp_path: Path) -> None:
    with (
        running(contender, core=0, upstream_url="", folder=tmp_path) as server,
        pytest.raises(DifferentAnswerError, match="ephemeralKey=None"),
    ):
        check_answer(contender, server.port)


def test_a_server_without_validation_is_found(contender: Contender, tmp_path: Path) -> None:
    def nothing(_: object) -> Mapping[str, object]:
        return {}

    lax = msgspec.structs.replace(contender, read=nothing)
    with (
        running(lax, core=0, upstream_url="", folder=tmp_path) as server,
        pytest.raises(DifferentAnswerError, match="breaks a rule"),
    ):
        check_answer(lax, server.port)


def test_missing_log_lines_are_found(contender: Contender, tmp_path: Path) -> None:
    (tmp_path / "some.log").write_text('{"event":"mint.succeeded"}\n' * 5, encoding="utf-8")
    check_traces(contender, tmp_path, 5)
    with pytest.raises(DifferentAnswerError, match="5 lines for 50 keys"):
        check_traces(contender, tmp_path, 50)


def test_a_contender_may_check_what_it_left_itself(contender: Contender, tmp_path: Path) -> None:
    def refuse(_folder: Path, requests: int) -> None:
        raise ValueError(f"nothing for {requests}")

    quiet = msgspec.structs.replace(contender, logs_each=False, check=refuse)
    with pytest.raises(DifferentAnswerError, match="made-up: nothing for 3"):
        check_traces(quiet, tmp_path, 3)
