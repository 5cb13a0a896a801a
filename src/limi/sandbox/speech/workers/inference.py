"""Starts onnxruntime the way every worker wants it: one thread, and weights that were checked."""

from typing import Any

__all__ = ["start_inference"]


def start_inference(model: bytes) -> Any:  # noqa: ANN401 - onnxruntime's session, which ships no types
    """Return a session for a model.

    Args:
        model: The ONNX file's content, rather than its path, so that what was checked is what is run.

    Raises:
        ImportError: When onnxruntime is missing.
    """
    import onnxruntime  # noqa: PLC0415 - an optional dependency, wanted in the workers only

    options = onnxruntime.SessionOptions()
    # One thread: a worker is one of several on a laptop, and a second one gains these small models nothing.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Warnings about constants that were folded are of no use to anybody here.
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
