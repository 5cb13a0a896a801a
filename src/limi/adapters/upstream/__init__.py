"""The server that makes keys: OpenAI or what speaks like it, over HTTP or inside this process."""
