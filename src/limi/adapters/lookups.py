"""Names become addresses, each in a thread of its own.

The event loop's own look-ups take turns in two threads. One slow name then holds up all others, and what nobody
waits for any more stays in the queue: once look-ups took long, no connection came about again. And threads of a
pool are waited for when the process ends.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from typing import Final

import aiohappyeyeballs

__all__ = ["Found", "SharedLookup", "look_up"]

Found = Sequence[aiohappyeyeballs.AddrInfoType]
"""What `socket.getaddrinfo` returns."""
_THREAD: Final = "limi-lookup"


def look_up(host: str, port: int) -> "asyncio.Future[Found]":
    """Ask the operating system for the addresses of `host`.

    Who waits for the future by `asyncio.wait` may be cancelled without ending it: the thread goes on all the same.

    Raises:
        OSError: from the future; it has none, or that cannot be found out now.
        UnicodeError: from the future; it is no name.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Found] = loop.create_future()

    def ask() -> None:
        found: Found | OSError | UnicodeError
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            if not found:
                found = socket.gaierror(socket.EAI_NONAME, "no address")
        except (OSError, UnicodeError) as exc:
            found = exc
        try:
            loop.call_soon_threadsafe(_settle, answer, found)
        except RuntimeError:
            return  # The loop is closed, so nobody waits.

    try:
        threading.Thread(target=ask, name=_THREAD, daemon=True).start()
    except RuntimeError:
        _settle(answer, OSError("no thread can be started"))
    return answer


class SharedLookup:
    """Looks one name up, once for all who ask meanwhile."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._under_way: asyncio.Future[Found] | None = None

    async def find(self) -> Found:
        """Return the addresses as they are now.

        Raises:
            OSError: the name has none, or that cannot be found out now.
            UnicodeError: it is no name.
        """
        answer = self._under_way
        if answer is None:
            answer = self._under_way = look_up(self._host, self._port)
            answer.add_done_callback(self._forget)
        # Who gives up does not end it: whoever asks next joins, and there is one thread however long it takes.
        await asyncio.wait([answer])
        return answer.result()

    def _forget(self, _: "asyncio.Future[Found]") -> None:
        self._under_way = None


def _settle(answer: "asyncio.Future[Found]", found: Found | OSError | UnicodeError) -> None:
    if answer.cancelled():
        return
    if not isinstance(found, OSError | UnicodeError):
        answer.set_result(found)
        return
    answer.set_exception(found)
    answer.exception()  # Marks it as seen: all who waited may have given up.
