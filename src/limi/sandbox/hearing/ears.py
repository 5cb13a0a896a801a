"""Starts what one session hears with, when somebody begins to speak rather than when the session begins.

A recogniser takes a second to start and a quarter of a gigabyte, which a session that only types need not pay for;
and whoever speaks takes longer than a second before an answer is due.
"""

from limi.protocol import SemanticVAD, TurnDetection
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.speech import EndOfTurnJudge, Preparable, Recogniser

__all__ = ["Ears"]


class Ears:
    """Knows what a session will need; its tasks belong to the session."""

    def __init__(self, *, recogniser: Recogniser, judge: EndOfTurnJudge | None, tasks: OwnedTasks) -> None:
        """Make ears that are at rest.

        Args:
            recogniser: Needed by all who speak.
            judge: Needed under semantic VAD.
            tasks: Own the work.
        """
        self._recogniser = recogniser
        self._judge = judge
        self._tasks = tasks
        self._started: list[object] = []
        self._settings: TurnDetection | None = None

    def expect(self, settings: TurnDetection | None) -> None:
        """Take note of how turns are detected from now on."""
        self._settings = settings

    def hear(self) -> None:
        """Somebody speaks, or at least sends sound; costs nothing after the first time."""
        self._start(self._recogniser)
        if isinstance(self._settings, SemanticVAD):
            self._start(self._judge)

    def _start(self, faculty: object) -> None:
        if faculty in self._started:
            return
        self._started.append(faculty)
        if isinstance(faculty, Preparable):
            self._tasks.start(faculty.prepare(), name="sandbox ears")
