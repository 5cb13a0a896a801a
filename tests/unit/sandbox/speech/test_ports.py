from limi.sandbox.speech import SpeechError, SpeechUnavailableError


def test_a_missing_engine_is_named_with_what_to_install() -> None:
    error = SpeechUnavailableError("py_nanotts")
    assert isinstance(error, SpeechError)
    assert error.engine == "py_nanotts"
    assert str(error) == "py_nanotts is not installed; install limi[sandbox] to let the sandbox hear and speak"
