"""The URLs a client connects to with its key."""

import pytest

from limi.http.urls import URLMaker

_HERE = "https://voice.example.com/limi"


def test_upstreams_own() -> None:
    urls = URLMaker("https://api.openai.com/v1").make(_HERE, "gpt-realtime")
    assert urls.webrtc == "https://api.openai.com/v1/realtime/calls"
    assert urls.websocket == "wss://api.openai.com/v1/realtime?model=gpt-realtime"


def test_this_servers_where_the_sandbox_is_inside() -> None:
    urls = URLMaker("/sandbox/v1").make("http://localhost:3001", "gpt-realtime")
    assert urls.webrtc == "http://localhost:3001/sandbox/v1/realtime/calls"
    assert urls.websocket == "ws://localhost:3001/sandbox/v1/realtime?model=gpt-realtime"
    assert (
        URLMaker("/sandbox/v1").make(_HERE, "m").websocket
        == "wss://voice.example.com/limi/sandbox/v1/realtime?model=m"
    )


@pytest.mark.parametrize(("model", "query"), [("a b", "a%20b"), ("a&b=c", "a%26b%3Dc"), ("ä/x", "%C3%A4%2Fx")])
def test_a_models_name_stays_one_value(model: str, query: str) -> None:
    assert URLMaker("/sandbox/v1").make(_HERE, model).websocket.endswith(f"?model={query}")
