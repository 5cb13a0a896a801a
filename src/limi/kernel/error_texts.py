"""The examples that catalogue entries share: short, complete, and right when pasted."""

from typing import Final

__all__ = [
    "ALLOW_HOST",
    "CONNECT",
    "DOCTOR",
    "IDEMPOTENT_MINT",
    "MINT",
    "MINT_WITH_KEY",
    "START_WITH_KEY",
    "WAIT_AND_REPEAT",
]

MINT: Final = """\
curl -X POST http://localhost:3001/api/client-secret \\
  -H 'Content-Type: application/json' \\
  -d '{"model": "gpt-realtime-2.1", "sessionId": "session-123"}'"""

MINT_WITH_KEY: Final = """\
curl -X POST http://localhost:3001/api/client-secret \\
  -H "Authorization: Bearer $LIMI_API_KEY" \\
  -H 'Content-Type: application/json' -d '{}'"""

IDEMPOTENT_MINT: Final = """\
curl -X POST http://localhost:3001/api/client-secret \\
  -H "Idempotency-Key: $(uuidgen)" \\
  -H 'Content-Type: application/json' -d '{}'"""

START_WITH_KEY: Final = """\
export OPENAI_API_KEY=sk-…
limi doctor
limi serve"""

ALLOW_HOST: Final = "LIMI_PUBLIC_URL=https://voice.example.com LIMI_ALLOWED_HOSTS=voice.internal limi serve"

DOCTOR: Final = "limi doctor"

WAIT_AND_REPEAT: Final = """\
const answer = await fetch('/api/client-secret', {method: 'POST'});
if (!answer.ok) {
  const {retryAfter = 5000} = await answer.json();
  setTimeout(connect, retryAfter);
}"""

CONNECT: Final = """\
const {ephemeralKey, urls} = await (await fetch('/api/client-secret', {method: 'POST'})).json();
await session.connect({apiKey: ephemeralKey, url: urls.webrtc});"""
