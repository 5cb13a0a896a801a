"""Who answers in `limi sandbox`: the built-in brain or a chat endpoint, with or without a script before it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret
from limi.kernel.settings import SettingsError

if TYPE_CHECKING:
    from limi.sandbox.answering.brain import Brain
    from limi.sandbox.scripts import Script

__all__ = [
    "APIKeyFile",
    "BaseURL",
    "BrainChoice",
    "BrainKind",
    "BrainModel",
    "ScriptFile",
    "choose_brain",
    "read_script",
]


class BrainKind(StrEnum):
    """The brains to choose from."""

    BUILT_IN = "built-in"
    OPENAI_CHAT = "openai-chat"


ScriptFile = Annotated[
    Path | None, typer.Option(help="YAML file of what it hears and says; see the docs.", dir_okay=False)
]
BrainChoice = Annotated[BrainKind, typer.Option(help="Who answers what no script does.")]
BaseURL = Annotated[
    str | None, typer.Option(help="Chat endpoint of --brain openai-chat, such as http://127.0.0.1:11434/v1.")
]
BrainModel = Annotated[str | None, typer.Option(help="Its model; the first that it lists, unless given.")]
APIKeyFile = Annotated[Path | None, typer.Option(help="File with the key that it wants.", dir_okay=False)]


def choose_brain(
    kind: BrainKind, *, base_url: str | None, model: str | None, api_key_file: Path | None
) -> "Brain":
    """Make the brain that was asked for.

    Args:
        kind: Which one.
        base_url: Where the chat endpoint is, ending before `/chat/completions`.
        model: The chat model's name; the first that the endpoint lists, unless given.
        api_key_file: A file that holds the key which the endpoint wants.

    Raises:
        SettingsError: When an option is missing, does not fit the others, or cannot be used.
    """
    if kind is BrainKind.OPENAI_CHAT:
        return _chat_brain(base_url, model, api_key_file)
    given = {"--base-url": base_url, "--brain-model": model, "--api-key-file": api_key_file}
    for option, value in given.items():
        if value is not None:
            msg = f"{option} goes with --brain openai-chat."
            raise SettingsError(msg)
    from limi.sandbox.answering.brain import BuiltInBrain  # noqa: PLC0415 - keeps `limi --help` quick
    from limi.sandbox_answers import sandbox_answers  # noqa: PLC0415

    return BuiltInBrain(clock=SystemClock(), answers=sandbox_answers())


def read_script(file: Path | None) -> "Script | None":
    """Return the script in a file, or None without a file.

    Raises:
        SettingsError: When it cannot be read or is no script; the message names the line and the rule.
    """
    if file is None:
        return None
    from limi.sandbox.scripts import ScriptError, load_script  # noqa: PLC0415 - as above

    try:
        return load_script(file)
    except ScriptError as exc:
        message = f"--script: {exc}"
        raise SettingsError(message if message.endswith("?") else f"{message}.") from exc


def _chat_brain(base_url: str | None, model: str | None, api_key_file: Path | None) -> "Brain":
    from limi.sandbox.answering.chat_brain import ChatBrain, ChatEndpoint, ChatUnavailableError  # noqa: PLC0415 - as above

    if base_url is None:
        raise SettingsError("--brain openai-chat needs --base-url, such as http://127.0.0.1:11434/v1 for Ollama.")
    key = _key(api_key_file) if api_key_file is not None else None
    try:
        return ChatBrain(ChatEndpoint(base_url=base_url, model=model, api_key=key))
    except ValueError as exc:
        msg = f"--base-url: {str(exc).removeprefix('base_url: ')}."
        raise SettingsError(msg) from exc
    except ChatUnavailableError as exc:
        msg = f"--brain openai-chat: {exc}."
        raise SettingsError(msg) from exc


def _key(file: Path) -> Secret:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        msg = f"--api-key-file: {file} cannot be read: {reason}."
        raise SettingsError(msg) from exc
    # The key travels in a header, and a header that cannot be sent is quoted by the error that says so.
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        msg = f"--api-key-file: {file} must hold one line of visible ASCII characters."
        raise SettingsError(msg)
    return Secret(text)
