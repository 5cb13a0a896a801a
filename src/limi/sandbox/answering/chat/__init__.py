"""The language of OpenAI's chat completions, without any socket: conversations to messages, streams to words.

See https://platform.openai.com/docs/api-reference/chat, which Ollama, vLLM, llama.cpp and others speak as well.
"""

__all__: list[str] = []
