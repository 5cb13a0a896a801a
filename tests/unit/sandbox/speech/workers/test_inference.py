from importlib.resources import files

import pytest

from limi.sandbox.speech.workers.inference import start_inference


def test_a_model_runs_on_one_thread() -> None:
    model = files("hibari").joinpath("assets", "oov.onnx").read_bytes()
    session = start_inference(model)
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert session.get_inputs()


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(Exception, match=r"(?i)protobuf"):
        start_inference(b"no model")
