from conformance.warm_up import warm_up
from limi.testing import sandbox


def test_a_sandbox_has_heard_and_answered_once_before_the_clients_begin() -> None:
    with sandbox(script="turns: [{user: any, assistant: Ready.}]") as box:
        warm_up({"socket_url": box.socket_url})
        (session,) = box.sessions
        assert session.sent_of("input_audio_buffer.speech_stopped")
        (done,) = session.sent_of("response.done")
        assert done["response"]["status"] == "completed"
