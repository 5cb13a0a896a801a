"""The sandbox's side of HTTP: routes, handshakes and refusals in OpenAI's shapes; knows Litestar and ASGI."""
