"""Holds OpenAI's own clients against the sandbox, or against OpenAI; of Limi it knows how to start the sandbox."""
