"""The command `limi-client`; the only part that reads the environment and prints."""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from limi_client._errors import LimiError, UnsupportedPlatformError
from limi_client._sync_client import LimiAIClient
from limi_client._version import VERSION

__all__ = ["main"]

_BACKEND: Final = "http://localhost:3001/api"
_INTERRUPTED: Final = 130
"""What shells expect of a program that was ended by Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except LimiError as error:
        if not error.reference:
            error.locate(options.backend.rstrip("/").removesuffix("/api"))
        return _complain(str(error))
    except (asyncio.TimeoutError, TimeoutError):
        return _complain(f"no complete answer within {options.timeout:g} seconds; --timeout gives it longer")
    except (ValueError, OSError) as error:
        return _complain(str(error))
    return code


def _complain(message: str) -> int:
    sys.stderr.write(f"limi-client: {' '.join(message.split())}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="limi-client", description="Talk with a Limi backend.")
    parser.add_argument("--version", action="version", version=f"limi-client {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_talk, _add_health, _add_key):
        command = add(commands)
        command.add_argument("--backend", default=_BACKEND, metavar="URL", help="its API (default: %(default)s)")
        command.add_argument(
            "--api-key-file",
            type=Path,
            metavar="FILE",
            help="holds a key of the backend; unless given, LIMI_API_KEY does. It has no place among arguments, "
            "which everybody on the machine can read",
        )
    return parser


def _add_talk(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    talk = commands.add_parser("talk", help="hold a voice conversation")
    talk.set_defaults(run=_talk)
    said = talk.add_mutually_exclusive_group(required=True)
    said.add_argument("--mic", action="store_true", help="by microphone and loudspeaker, until Ctrl-C")
    said.add_argument("--wav", action="append", type=Path, metavar="FILE", help="say a recording; may be repeated")
    said.add_argument("--text", action="append", metavar="TEXT", help="say it by keyboard; may be repeated")
    talk.add_argument("--save", type=Path, metavar="FILE", help="write the spoken answers into a WAV file")
    talk.add_argument("--model", help="a public name or alias (default: the profile's)")
    talk.add_argument("--profile", help="the backend's session configuration")
    talk.add_argument("--instructions", help="in place of the profile's")
    talk.add_argument(
        "--speed", type=float, default=1.0, help="how much faster a recording is sent (default: %(default)g)"
    )
    talk.add_argument("--timeout", type=float, default=60.0, help="seconds for one answer (default: %(default)g)")
    return talk


def _add_health(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    health = commands.add_parser("health", help="ask whether keys can be minted")
    health.set_defaults(run=_health)
    return health


def _add_key(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    key = commands.add_parser("key", help="mint an ephemeral key and print it")
    key.set_defaults(run=_key)
    key.add_argument("--model", help="a public name or alias (default: the profile's)")
    key.add_argument("--session-id", help="your name for the conversation")
    key.add_argument("--profile", help="the backend's session configuration")
    key.add_argument("--json", action="store_true", help="print all that is known of it")
    return key


def _talk(options: argparse.Namespace) -> int:
    try:
        from limi_client.cli._talk import talk  # noqa: PLC0415 - needs the extra `cli`
    except ImportError as exc:
        raise _missing(exc) from exc
    return asyncio.run(talk(options, api_key=_api_key(options)))


def _missing(error: ImportError) -> UnsupportedPlatformError:
    return UnsupportedPlatformError(
        "unsupported_platform",
        message=f"This command needs the package {error.name}",
        hint="pip install 'limi-ai-client[cli]'",
        final=True,
    )


def _health(options: argparse.Namespace) -> int:
    with LimiAIClient(options.backend, _api_key(options)) as client:
        health = client.check_health()
    if health.is_healthy:
        sys.stdout.write(f"healthy: keys can be minted (upstream answered in {health.response_time})\n")
        return 0
    return _complain(f"unhealthy: {health.message} ({health.code}): {client.origin}/errors/{health.code}")


def _key(options: argparse.Namespace) -> int:
    with LimiAIClient(options.backend, _api_key(options)) as client:
        key = client.generate_ephemeral_key(options.model, options.session_id, profile=options.profile)
    shown = json.dumps(dataclasses.asdict(key), indent=2) if options.json else key.ephemeral_key
    sys.stdout.write(f"{shown}\n")
    return 0


def _api_key(options: argparse.Namespace) -> str | None:
    if options.api_key_file is not None:
        return str(options.api_key_file.read_text().strip())
    return os.environ.get("LIMI_API_KEY") or None
