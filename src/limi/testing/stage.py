"""What a sandbox says and hears in a test: a script that may be changed between two sessions, or none."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from limi.protocol import GenerationRequest
from limi.sandbox.answering.brain import Brain, Closable, Reply
from limi.sandbox.answering.scripted_brain import ScriptedBrain
from limi.sandbox.faults.rules import FaultRule, FaultRules, HeldRule, parse_script_rules
from limi.sandbox.hearing.scripted_recogniser import ScriptedRecogniser
from limi.sandbox.scripts import Script, load_script, parse_script
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech import Recogniser
from limi.sandbox.speech.ports import PerSession

__all__ = ["AnyScript", "Stage"]

AnyScript = Script | Path | str
"""A script, the file that it stands in, or its YAML."""


class Stage:
    """A brain and a recogniser in one, which do what the script says that was last given."""

    def __init__(
        self,
        *,
        brain: Brain,
        recogniser: Recogniser,
        faults: FaultRules | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Begin without a script.

        Args:
            brain: Answers what the script does not.
            recogniser: Hears what the script does not.
            faults: Where the rules of scripts come into force, beside others; by default nowhere.
            sleep: How the script waits.
        """
        self._faults = FaultRules() if faults is None else faults
        self._by_script: tuple[HeldRule, ...] = ()
        self._brain = self._otherwise_brain = brain
        self._recogniser = self._otherwise_recogniser = recogniser
        self._sleep = sleep

    def play(self, script: AnyScript | None) -> None:
        """Go by a script from the next answer on, or by none. A session keeps the ears it began with.

        What goes wrong by the script replaces what went wrong by the one before it.

        Raises:
            ScriptError: It is no script.
        """
        read = Script(source="no script") if script is None else _read(script)
        self._let_go_wrong(parse_script_rules(read))
        if script is None:
            self._brain, self._recogniser = self._otherwise_brain, self._otherwise_recogniser
            return
        self._recogniser = ScriptedRecogniser(
            hears=read.hears, otherwise=self._otherwise_recogniser, sleep=self._sleep
        )
        self._brain = ScriptedBrain(script=read, otherwise=self._otherwise_brain, sleep=self._sleep)

    def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        """Yield the answer; see `Brain.reply`."""
        return self._brain.reply(request)

    def for_session(self) -> Recogniser:
        """Return one session's recogniser, which counts its utterances from 1."""
        recogniser = self._recogniser
        return recogniser.for_session() if isinstance(recogniser, PerSession) else recogniser

    def _let_go_wrong(self, rules: Sequence[FaultRule]) -> None:
        for held in self._by_script:
            self._faults.remove(held.id)
        self._by_script = ()
        self._by_script = self._faults.hold(*rules)

    async def recognise(self, audio: bytes, encoding: str) -> str:
        """Write down an utterance; see `Recogniser.recognise`."""
        return await self._recogniser.recognise(audio, encoding)

    async def close(self) -> None:
        """Close the recogniser behind the scripts, and the brain where it can be closed; may be called twice."""
        await self._otherwise_recogniser.close()
        if isinstance(self._otherwise_brain, Closable):
            await self._otherwise_brain.close()


def _read(script: AnyScript) -> Script:
    if isinstance(script, str):
        return parse_script(script)
    return load_script(script) if isinstance(script, Path) else script
