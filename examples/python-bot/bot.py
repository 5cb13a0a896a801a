"""A voice bot with tools: `python bot.py question.wav answer.wav`.

Speech goes in as a WAV file of any kind, the bot looks things up by functions of yours, and the spoken answer
comes out as a WAV file.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from limi_client import AsyncLimiAIClient, LimiError, tool
from limi_client.voice import Recorder, ToolCalled

MENU = {"soup": 4.5, "pasta": 11.0, "salad": 8.0}
BOOKED: list[str] = []


@tool()
def get_menu() -> dict[str, float]:
    """Tells what the restaurant has today, with prices in euros."""
    return MENU


@tool(
    parameters={
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Who comes"},
            "people": {"type": "integer", "description": "How many"},
        },
        "required": ["name", "people"],
    }
)
async def book_table(name: str, people: int) -> dict[str, object]:
    """Books a table for tonight."""
    BOOKED.append(name)
    return {"booked": True, "name": name, "people": people, "table": len(BOOKED)}


INSTRUCTIONS = "You answer the phone of a small restaurant. Be brief and friendly. Use the tools."


async def converse(question: Path, backend: str, api_key: str | None, speed: float, patience: float) -> Recorder:
    """Ask the question, let the bot use its tools, and return what it said."""
    recorder = Recorder()
    async with AsyncLimiAIClient(backend, api_key) as client:
        voice = client.create_voice_session(
            instructions=INSTRUCTIONS, tools=[get_menu, book_table], speaker=recorder
        )
        async with voice:
            await voice.send_wav(question, speed=speed)
            answer = await voice.next_answer(timeout=patience, on_event=report)
    print(f"You: {answer.asked}")
    print(f"Bot: {answer.text}")
    return recorder


def report(event: object) -> None:
    """Show what the bot looks up."""
    if isinstance(event, ToolCalled):
        print(f"     {event.name}({', '.join(f'{name}={value!r}' for name, value in event.arguments.items())})")


def main() -> None:
    """Hold one turn."""
    parser = argparse.ArgumentParser(description="Ask the restaurant something.")
    parser.add_argument("question", type=Path, help="WAV file with speech")
    parser.add_argument("answer", type=Path, help="WAV file to write")
    parser.add_argument("--backend", default="http://localhost:3001/api", help="default: %(default)s")
    parser.add_argument("--speed", type=float, default=2, help="how much faster than spoken it is sent")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for the answer (default: %(default)g)")
    options = parser.parse_args()
    talk = converse(
        options.question, options.backend, os.environ.get("LIMI_API_KEY"), options.speed, options.timeout
    )
    try:
        asyncio.run(talk).save(options.answer)
    except TimeoutError:
        sys.exit(f"bot: no complete answer within {options.timeout:g} seconds")
    except (LimiError, ValueError, OSError) as error:
        sys.exit(f"bot: {error}")
    print(f"The answer is in {options.answer}")


if __name__ == "__main__":
    main()
