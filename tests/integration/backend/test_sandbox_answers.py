"""The sandbox inside a backend answers questions about that backend."""

from typing import Any

from openai import AsyncOpenAI

from limi.testing import running_backend
from tests.integration.sandbox.support import until


async def test_the_sandbox_inside_knows_the_errors_and_the_limits_in_force() -> None:
    async with running_backend(environ={"LIMI_TOKENS_PER_MINUTE": "7"}) as backend:
        url = f"{backend.url}/sandbox/v1"
        async with AsyncOpenAI(base_url=f"{backend.url}/api", api_key=backend.admin_key) as minting:
            minted: Any = await minting.post("/client-secret", body={}, cast_to=object)
        async with (
            AsyncOpenAI(base_url=url, api_key=minted["ephemeralKey"]) as client,
            client.realtime.connect(model=minted["model"]) as connection,
        ):
            await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
            answers = [await _ask(connection, words) for words in ("What are the limits?", "What is error 401?")]
    assert "One caller may mint 7 keys a minute" in answers[0]
    assert "auth required: Valid API key required" in answers[1]


async def _ask(connection: Any, words: str) -> str:
    content = [{"type": "input_text", "text": words}]
    await connection.conversation.item.create(item={"type": "message", "role": "user", "content": content})
    await connection.response.create()
    events = await until(connection, "response.done")
    return str(events[-1].response.output[0].content[0].text)
