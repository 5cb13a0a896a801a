"""The examples that catalogue entries share: short, complete, and right when pasted."""

from typing import Final

__all__ = [
    "ALLOW_HOST",
    "ASK_FOR_MICROPHONE",
    "CONNECT",
    "CONNECT_BY_WEBSOCKET",
    "DOCTOR",
    "IDEMPOTENT_MINT",
    "MINT",
    "MINT_WITH_KEY",
    "REPORT",
    "START_WITH_KEY",
    "TALK",
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

CONNECT_BY_WEBSOCKET: Final = """\
const {ephemeralKey, urls} = await (await fetch('/api/client-secret', {method: 'POST'})).json();
const socket = new WebSocket(urls.websocket, ['realtime', `openai-insecure-api-key.${ephemeralKey}`]);"""

ASK_FOR_MICROPHONE: Final = """\
const sound = await navigator.mediaDevices.getUserMedia({audio: true});
sound.getTracks().forEach((track) => track.stop());"""

REPORT: Final = """\
curl -X POST http://localhost:3001/api/analytics/events \\
  -H 'Content-Type: application/json' \\
  -d '{"events": [{"id": "0b2f6c1e-6a59-4f0e-9f0b-3f7a3f1c9d11", "type": "error_occurred", \
"errorCode": "network_error", "errorMessage": ""}]}'"""

TALK: Final = """\
const {LimiAIClient} = await import('@limi-ai/client');

const voice = new LimiAIClient('http://localhost:3001/api').createVoiceSession();
button.onclick = () => voice.connect().catch((error) => show(error.message, error.hint, error.reference));"""
