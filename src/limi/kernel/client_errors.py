"""The part of the catalogue that clients raise: in the browser, on the telephone, on the desktop.

The server answers with none of these. Clients report them (`POST /api/analytics/events`), and whoever looks one up
finds it beside the server's own.
"""

from typing import Final

from limi.kernel import error_texts as texts
from limi.kernel.error_entry import ErrorEntry

__all__ = ["CLIENT_ENTRIES"]

CLIENT_ENTRIES: Final = (
    ErrorEntry(
        code="openai_client_secret_failed",
        title="Client Secret Failed",
        message="The backend's answer holds no usable key",
        action="Check that the backend URL is Limi's and ends in /api",
        checks=(
            "The backend URL answers JSON at /client-secret/health.",
            "No proxy or service worker answers in its place.",
        ),
        example=texts.MINT,
    ),
    ErrorEntry(
        code="token_generation_timeout",
        title="Token Generation Timeout",
        message="The backend did not answer in time",
        action="Check the network between client and backend, then connect again",
        checks=("The backend is running: `curl http://localhost:3001/healthz`.",),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="webrtc_connection_failed",
        title="WebRTC Connection Failed",
        message="The WebRTC connection could not be made",
        action="Connect by WebSocket instead, or allow UDP",
        checks=(
            "The network lets UDP through to the address in the answer.",
            "The server took the call: a refused one is a 4xx of `/realtime/calls` in a browser's network panel.",
            "The key is fresh: mint it just before connecting.",
        ),
        example=texts.CONNECT,
    ),
    ErrorEntry(
        code="ephemeral_key_invalid",
        title="Ephemeral Key Invalid",
        message="The key does not begin with ek_",
        action="Mint a key at the backend and use it unchanged",
        checks=(
            "The answer's ephemeralKey is used, not the server's own key.",
            "The key is used before expiresAt.",
        ),
        example=texts.CONNECT,
    ),
    ErrorEntry(
        code="token_expired",
        title="Token Expired",
        message="The ephemeral key had expired when it was used",
        action="Request a new ephemeral key",
        checks=(
            "The key is minted when the user connects, not when the page loads.",
            "The device's clock is right: compare it with expiresAt of the answer.",
            "Each attempt to reconnect mints a key of its own.",
        ),
        example=texts.CONNECT,
    ),
    ErrorEntry(
        code="webrtc_unsupported",
        title="WebRTC Unsupported",
        message="This environment has no WebRTC",
        action="Fall back to WebSocket transport",
        checks=(
            "RTCPeerConnection exists in the environment; web views and extensions may switch it off.",
            "The client may open the URL in `urls.websocket` of the answer.",
        ),
        example=texts.CONNECT_BY_WEBSOCKET,
        ends_attempt=False,
    ),
    ErrorEntry(
        code="unsupported_platform",
        title="Unsupported Platform",
        message="This platform lacks what a voice conversation needs",
        action="Pass a `platform` to the client that fits where it runs",
        checks=("In a browser the page is a secure context: HTTPS, or localhost.",),
        example=texts.TALK,
    ),
    ErrorEntry(
        code="microphone_denied",
        title="Microphone Denied",
        message="The microphone may not be used",
        action="Request microphone permission",
        checks=(
            "The browser's permission for this site is not blocked.",
            "The operating system lets the browser use the microphone.",
            'A page in a frame is allowed to: `allow="microphone"`; no Permissions-Policy forbids it.',
        ),
        example=texts.ASK_FOR_MICROPHONE,
    ),
    ErrorEntry(
        code="microphone_missing",
        title="Microphone Missing",
        message="No microphone was found",
        action="Plug a microphone in, then connect again",
        checks=(
            "The system's sound settings list a microphone.",
            "No other program holds the microphone for itself.",
        ),
        example=texts.TALK,
    ),
    ErrorEntry(
        code="network_error",
        title="Network Error",
        message="The network could not be reached",
        action="Check the internet connection",
        checks=(
            "The device is online, and other pages load.",
            "The backend's name resolves, and its certificate is valid.",
            "Origins of other hosts stand in LIMI_CORS_ORIGINS: a browser calls a refusal a network error.",
        ),
        example=texts.WAIT_AND_REPEAT,
    ),
    ErrorEntry(
        code="session_ended",
        title="Session Ended",
        message="The server ended the call",
        action="Read the reason; connecting again starts a new call where that is allowed",
        checks=(
            "The error's `reason` says what ended it: a budget, the longest duration, or an operator.",
            "The profile's limits fit the calls that users make.",
        ),
        example=texts.TALK,
        ends_attempt=False,
    ),
)
