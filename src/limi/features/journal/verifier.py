"""Says whether an audit log is what the server wrote, given only the log and the server's public key.

This file needs Python and the package `cryptography`, nothing of Limi: it can be copied to where the log is kept
and run there, `python verifier.py export.jsonl public-key.pem`, or as `python -m limi.features.journal.verifier`.

A log is lines of JSON in UTF-8. Each is one of:

- A row. Its body is the bytes up to `,"seq":`. Its `hash` is the SHA-256 of the writer's hash before (32 zero
  bytes before the first row, whose `n` is 1) and of the body. Its `check` is the beginning of the SHA-256 of all
  bytes before `,"check":`. Rows whose `n` is null are from before there were chains.
- A checkpoint: an Ed25519 signature of the bytes before `,"signature":`, which say how far a writer's chain had
  come, and the SHA-256 of the line of the checkpoint before. One of the kind `start` says which rows and
  checkpoints were removed because of their age; the newest of these stands before the first row, too.
- The closing line of an export, signed likewise, with the SHA-256 of all bytes before it.

What is wrong is said with the row's `seq`. Whoever changed a row may also have computed its hash anew, and those
after it, but not the next checkpoint's signature; then the rows between two checkpoints are named.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

__all__ = ["Problem", "Report", "Verifier", "describe", "load_keys", "main", "verify"]

_ROW_END: Final = re.compile(
    rb',"seq":(?P<seq>\d{1,19}),"hash":(?:null|"(?P<hash>[0-9a-f]{64})"),"check":"(?P<check>[0-9a-f]{16})"\}\Z'
)
_SIGNED_END: Final = re.compile(rb',"signature":(?:null|"(?P<signature>[0-9a-f]{128})")\}\Z')
_CHECK: Final = re.compile(rb',"check":"[0-9a-f]{16}"\}\Z')
_PEM: Final = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_MOST_PROBLEMS: Final = 1000
"""Problems kept; a log with more of them is no better understood by a longer list."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    line: int
    """The line's number in the log, from 1; one more than there are, for what is missing at the end."""
    seq: int | None
    """The row it is about, or after which something is missing."""
    message: str
    gap: str = ""
    """`before` where it says that a writer's first rows are not here, as is so in the later part of a log;
    `between` where others are not, as is so in a selection; else empty."""

    def __str__(self) -> str:
        place = f"line {self.line}" if self.seq is None else f"line {self.line}, row {self.seq}"
        return f"{place}: {self.message}"


@dataclass(slots=True)
class Report:
    """What was found."""

    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    unchained: int = 0
    """Rows from before there were chains, for which nobody vouches but the closing line."""
    unsealed: int = 0
    """Rows after their writer's last checkpoint."""
    checkpoints: int = 0
    closed: bool = False
    """Whether there was a valid closing line."""
    selection: bool = False
    """Whether it was an export of some rows only."""

    @property
    def sound(self) -> bool:
        """Say whether nothing is wrong."""
        return not self.problems


@dataclass(slots=True)
class _Writer:
    """How far one writer's chain has been followed."""

    n: int
    hashes: tuple[bytes, ...]
    """The hash of its last row: as computed, and as written where that differs; the next row tells."""
    sealed: int = 0
    seq: int | None = None


def load_keys(*pems: bytes) -> dict[str, Ed25519PublicKey]:
    """Return the public keys in PEM texts, by the id that signed lines name them by.

    Raises:
        ValueError: when there is none, or one that is not Ed25519.
    """
    keys: dict[str, Ed25519PublicKey] = {}
    for pem in _PEM.findall(b"\n".join(pems)):
        key = load_pem_public_key(pem)
        if not isinstance(key, Ed25519PublicKey):
            msg = "a public key is not Ed25519"
            raise ValueError(msg)  # noqa: TRY004 - what is wrong is the file's content
        keys[sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]] = key
    if not keys:
        msg = "there is no public key (`-----BEGIN PUBLIC KEY-----`)"
        raise ValueError(msg)
    return keys


def verify(
    lines: Iterable[bytes],
    keys: dict[str, Ed25519PublicKey],
    *,
    closed: bool = True,
    whole: bool = True,
    known: bytes | None = None,
) -> Report:
    """Return what is wrong with a log.

    Args:
        lines: its lines, with or without their ends.
        keys: the public keys, from `load_keys`.
        closed: whether it must end with a closing line, as an export does.
        whole: whether it must begin where the journal does, unless its closing line says otherwise.
        known: a checkpoint's line that must be among them, as it was once.
    """
    verifier = Verifier(keys, known=known)
    for line in lines:
        verifier.add(line)
    return verifier.finish(closed=closed, whole=whole)


class Verifier:
    """Takes a log line by line; what it remembers grows with the number of writers, not of rows."""

    def __init__(self, keys: dict[str, Ed25519PublicKey], *, known: bytes | None = None) -> None:
        self._keys = keys
        self._known = known.rstrip(b"\r\n") if known is not None else None
        self._report = Report()
        self._digest = sha256()
        self._line = 0
        self._seq = 0
        self._chained = False
        self._writers: dict[str, _Writer] = {}
        self._removed: dict[str, tuple[int, bytes]] = {}
        self._first_checkpoint = 1
        self._checkpoint: tuple[int, str] | None = None
        self._closing: dict[str, Any] | None = None

    def add(self, line: bytes) -> None:
        """Look at the next line."""
        self._line += 1
        text = line[:-1] if line.endswith(b"\n") else line
        if self._closing is not None:
            self._note("stands after the closing line")
            return
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = None
        if not isinstance(parsed, dict):
            self._note("is not a JSON object", self._seq_in(text))
        elif "export" in parsed and text.startswith(b'{"export":'):
            self._close(text, parsed)
            return
        elif "checkpoint" in parsed and text.startswith(b'{"checkpoint":'):
            self._take_checkpoint(text, parsed)
        else:
            self._take_row(text, parsed)
        self._digest.update(text + b"\n")

    def finish(self, *, closed: bool = True, whole: bool = True) -> Report:
        """Return the report, when all lines were added.

        Args:
            closed: whether the log must have a closing line.
            whole: whether it must begin where the journal does.
        """
        report = self._report
        if self._closing is None and closed:
            self._line += 1
            self._note("the closing line is missing, so the end is cut off", self._seq)
        if self._known is not None:
            self._note("the checkpoint that was known is not there: the log was set back, or rewritten", self._seq)
        closing = self._closing or {}
        report.selection = closing.get("selection") is not None
        if not report.selection:
            report.unsealed = sum(max(0, writer.n - writer.sealed) for writer in self._writers.values())
        allowed = {"before", "between"} if report.selection else set()
        if closing.get("after") or not whole:
            allowed.add("before")
        report.problems = [problem for problem in report.problems if problem.gap not in allowed]
        return report

    def _note(self, message: str, seq: int | None = None, *, gap: str = "") -> None:
        if len(self._report.problems) < _MOST_PROBLEMS:
            self._report.problems.append(Problem(self._line, seq, message, gap))

    def _take_row(self, text: bytes, parsed: dict[str, Any]) -> None:
        end = _ROW_END.search(text)
        if end is None:
            self._note("is no row, checkpoint or closing line", self._seq_in(text))
            return
        self._report.rows += 1
        seq = int(end["seq"])
        checked = _CHECK.search(text)
        if checked and sha256(text[: checked.start()]).hexdigest()[:16].encode() != end["check"]:
            self._note("its bytes are not those that were written", seq)
        elif seq <= self._seq:
            self._note(f"stands after row {self._seq}", seq)
        self._seq = max(self._seq, seq)
        self._take_link(text[: end.start()], parsed, seq, bytes.fromhex((end["hash"] or b"").decode()))

    def _take_link(self, body: bytes, parsed: dict[str, Any], seq: int, written: bytes) -> None:
        writer, n = parsed.get("writer"), parsed.get("n")
        if n is None and not written:
            self._report.unchained += 1
            if self._chained:
                self._note("has no hash, though rows before it have one", seq)
            return
        if not isinstance(writer, str) or not isinstance(n, int) or n < 1 or not written:
            self._note("its writer, n or hash is missing", seq)
            return
        self._chained = True
        before = self._before(writer, n, seq)
        computed = tuple({sha256(each + body).digest() for each in before})
        if before and written not in computed:
            self._note("its hash does not fit its content and the row before", seq)
        known = self._writers.setdefault(writer, _Writer(0, ()))
        # Where the two differ either may be what changed, and the next row tells: it fits one of them.
        known.n, known.hashes, known.seq = n, tuple({written, *computed}), seq
        removed = self._removed.get(writer)
        if removed and removed[0] == n and removed[1] not in known.hashes:
            self._note("is not the row that the signed start of the log names", seq)

    def _before(self, writer: str, n: int, seq: int) -> tuple[bytes, ...]:
        """Return what the hash before row `n` may be; nothing where that row is not here."""
        known = self._writers.get(writer)
        removed = self._removed.get(writer)
        if known is not None and known.n == n - 1:
            return known.hashes
        if known is None and n == 1:
            return (bytes(32),)
        if removed is not None and (known is None or known.n <= removed[0]):
            if removed[0] == n - 1:
                return (removed[1],)
            if removed[0] >= n:
                return ()  # About to be removed, when the log was read.
        at = known.n if known else 0
        if known is not None and known.n >= n:
            self._note(f"is row {n} of writer {writer} after its row {known.n}", seq)
        else:
            missing = f"row {n - 1}" if at == n - 2 else f"rows {at + 1} to {n - 1}"
            after = f" after row {known.seq}" if known else ""
            gap = "between" if known else "before"
            self._note(f"{missing} of writer {writer} missing before it{after}", seq, gap=gap)
        return ()

    def _take_checkpoint(self, text: bytes, parsed: dict[str, Any]) -> None:
        self._report.checkpoints += 1
        number, kind = parsed.get("checkpoint"), parsed.get("kind")
        name = f"checkpoint {number}"
        if text == self._known:
            self._known = None
        if not isinstance(number, int) or not self._is_signed(text, parsed, name):
            return
        if kind == "start" and self._line == 1:
            self._begin(parsed)
            return
        self._follow(number, parsed, name)
        self._checkpoint = (number, sha256(text).hexdigest())
        if kind == "head":
            self._seal(parsed, name)

    def _begin(self, parsed: dict[str, Any]) -> None:
        """Take what has been removed from the beginning of the log."""
        self._report.checkpoints -= 1  # It stands at its own place again.
        self._first_checkpoint = parsed["first"]
        if self._known is not None and json.loads(self._known)["checkpoint"] < self._first_checkpoint:
            self._known = None  # Removed because of its age.
        self._removed = {each["writer"]: (each["count"], bytes.fromhex(each["head"])) for each in parsed["starts"]}

    def _follow(self, number: int, parsed: dict[str, Any], name: str) -> None:
        """Compare a checkpoint with the one before."""
        if self._checkpoint is None:
            if number > self._first_checkpoint:
                what = f"checkpoints {self._first_checkpoint} to {number - 1} are missing before it"
                self._note(f"{name}: {what}", gap="before")
        elif number != self._checkpoint[0] + 1:
            self._note(f"{name}: stands after checkpoint {self._checkpoint[0]}", self._seq)
        elif parsed.get("previous") != self._checkpoint[1]:
            self._note(f"{name}: the checkpoint before is not the one it names", self._seq)

    def _seal(self, parsed: dict[str, Any], name: str) -> None:
        """Compare a writer's chain with what a checkpoint signs."""
        writer, count, head = parsed["writer"], parsed["count"], bytes.fromhex(parsed["head"])
        known = self._writers.get(writer)
        removed, at = self._removed.get(writer), known.n if known else 0
        if removed is not None and count <= removed[0] and at <= count:
            return  # Rows that may be removed already.
        if known is None:
            self._note(f"{name}: all rows of writer {writer} are missing, 1 to {count}", self._seq, gap="before")
            self._writers[writer] = _Writer(count, (head,), count)
        elif known.n < count:
            missing = f"row {count}" if known.n == count - 1 else f"rows {known.n + 1} to {count}"
            self._note(f"{name}: {missing} of writer {writer} missing after it", known.seq)
        elif known.n > count:
            self._note(f"{name}: it knows only {count} rows of writer {writer}", known.seq)
        elif head not in known.hashes:
            some = f"rows {known.sealed + 1} to {count}"
            self._note(f"{name}: some of {some} of writer {writer} were changed, up to this one", known.seq)
        if known is not None and known.n <= count:
            known.n, known.hashes, known.sealed = count, (head,), count

    def _close(self, text: bytes, parsed: dict[str, Any]) -> None:
        self._closing = parsed
        if not self._is_signed(text, parsed, "the closing line"):
            return
        lines = self._line - 1
        if parsed.get("lines") != lines:
            self._note(f"the closing line counts {parsed.get('lines')} lines, there are {lines}", self._seq)
        elif parsed.get("sha256") != self._digest.hexdigest():
            self._note("the lines before the closing line are not those it signs", self._seq)
        else:
            self._report.closed = True

    def _is_signed(self, text: bytes, parsed: dict[str, Any], name: str) -> bool:
        end = _SIGNED_END.search(text)
        key = self._keys.get(str(parsed.get("key")))
        if end is None or not end["signature"]:
            self._note(f"{name} is not signed", self._seq)
        elif key is None:
            self._note(f"{name} is signed with the key {parsed.get('key')}, which was not given", self._seq)
        else:
            try:
                key.verify(bytes.fromhex(end["signature"].decode()), text[: end.start()])
            except InvalidSignature:
                self._note(f"{name} has a wrong signature", self._seq)
            else:
                return True
        return False

    def _seq_in(self, text: bytes) -> int:
        """Return the `seq` that a broken line still shows, else that of the row before."""
        found = re.search(rb'"seq":(\d{1,19}),', text)
        return int(found[1]) if found else self._seq


def main(arguments: Sequence[str]) -> int:
    """Verify the log in the first file with the public keys in the others; return 0 when it is sound."""
    if len(arguments) < 2:  # noqa: PLR2004 - a log and a key
        sys.stderr.write("usage: verifier.py [--open] LOG PUBLIC_KEY...\n")
        return 2
    closed = arguments[0] != "--open"
    log, *pems = arguments if closed else arguments[1:]
    try:
        keys = load_keys(*(Path(pem).read_bytes() for pem in pems))
        with Path(log).open("rb") as lines:
            report = verify(lines, keys, closed=closed, whole=closed)
    except (OSError, ValueError) as exc:
        sys.stderr.write(f"verifier: {exc}\n")
        return 2
    sys.stdout.writelines(f"{line}\n" for line in describe(report))
    return 0 if report.sound else 1


def describe(report: Report) -> Iterator[str]:
    """Yield a report in sentences."""
    yield from (f"WRONG  {problem}" for problem in report.problems)
    yield f"{report.rows} rows, {report.checkpoints} checkpoints"
    if report.selection:
        yield "a selection: nothing is said about the rows that were left out"
    if report.unchained:
        yield f"{report.unchained} rows are unchained, from before there were chains"
    if report.unsealed:
        yield f"{report.unsealed} rows stand after their writer's last checkpoint"
    yield "sound" if report.sound else f"NOT SOUND: {len(report.problems)} problems"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
