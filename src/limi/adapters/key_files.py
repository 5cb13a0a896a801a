"""The two files that hold the server's own keys: the root of every derived key, and the operator's key."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from limi.kernel.secret import Secret
from limi.kernel.settings import Settings, SettingsError
from limi.kernel.start_rules import require_key_files

__all__ = ["FOLDER", "KeyFiles", "find_root", "load_key_files"]

FOLDER: Final = Path(".limi")
"""Where development keeps its state, below the working directory."""

_ROOT_BYTES: Final = 32
_ADMIN_PREFIX: Final = "limi_admin_"
_TOO_OPEN: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IWGRP
"""Permissions refused outside development. Reading by the group is left, because that is how orchestrators hand a
secret to a container whose user does not own it (mode 0440)."""


class KeyFiles:
    """Both keys, and the file that an operator finds theirs in."""

    def __init__(self, *, root: Secret, admin_key: Secret, admin_key_file: Path, made: bool) -> None:
        self.root = root
        """32 bytes in hexadecimal."""
        self.admin_key = admin_key
        self.admin_key_file = admin_key_file
        self.made = made
        """Whether this start made the operator's key."""


def load_key_files(settings: Settings, *, folder: Path = FOLDER) -> KeyFiles:
    """Read both keys, or make them where development has none yet.

    Raises:
        SettingsError: a file is missing outside development or open to others there, cannot be read, holds no
            key, or both hold the same one.
    """
    require_key_files(settings)
    security = settings.security
    root_file = Path(security.secret_key_file or folder / "secret")
    admin_file = Path(security.admin_key_file or folder / "admin-key")
    root, _ = _read_or_make(root_file, secrets.token_hex(_ROOT_BYTES), settings, "LIMI_SECRET_KEY_FILE")
    admin_key, made = _read_or_make(
        admin_file, _ADMIN_PREFIX + secrets.token_hex(20), settings, "LIMI_ADMIN_KEY_FILE"
    )
    # Hexadecimal in capitals is the same root.
    if root.lower() == admin_key.lower():
        raise SettingsError(
            "LIMI_ADMIN_KEY_FILE holds the same key as LIMI_SECRET_KEY_FILE, so whoever is given the operator's "
            "key would have the root of every other; make a second one: `openssl rand -hex 32`."
        )
    return KeyFiles(root=_root(root, root_file), admin_key=_admin(admin_key), admin_key_file=admin_file, made=made)


def find_root(settings: Settings, *, folder: Path = FOLDER) -> Secret | None:
    """Return the root where its file is there; nothing is made, because a command may run in any folder.

    Raises:
        SettingsError: the file is open to others outside development, cannot be read, or holds no key.
    """
    file = Path(settings.security.secret_key_file or folder / "secret")
    try:
        return _root(_read(file, settings, "LIMI_SECRET_KEY_FILE"), file)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"LIMI_SECRET_KEY_FILE: the file {file} cannot be read: {exc}."
        raise SettingsError(msg) from exc


def _read_or_make(file: Path, fresh: str, settings: Settings, setting: str) -> tuple[str, bool]:
    try:
        return _read(file, settings, setting), False
    except FileNotFoundError:
        if not settings.development:
            msg = f"{setting}: the file {file} does not exist."
            raise SettingsError(msg) from None
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"{setting}: the file {file} cannot be read: {exc}."
        raise SettingsError(msg) from exc
    return _make(file, fresh, setting)


def _read(file: Path, settings: Settings, setting: str) -> str:
    with file.open(encoding="ascii") as source:
        mode = stat.S_IMODE(os.fstat(source.fileno()).st_mode)
        if mode & _TOO_OPEN and not settings.development:
            msg = (
                f"{setting}: the file {file} has mode {mode:04o}; in {settings.env} only its owner may write it "
                "and not everybody read it: `chmod 600`, or 440 where a group's member reads it."
            )
            raise SettingsError(msg)
        return source.read().strip()


def _make(file: Path, fresh: str, setting: str) -> tuple[str, bool]:
    """Write a key that only this user can read; of two processes that start together one writes it."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written whole under another name first, so that nobody can read half a key.
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(fresh + "\n")
        try:
            os.link(draft, file)
        except FileExistsError:
            return file.read_text(encoding="ascii").strip(), False
        finally:
            draft.unlink()
    except OSError as exc:
        msg = f"{setting}: the file {file} cannot be written: {exc.strerror}."
        raise SettingsError(msg) from exc
    return fresh, True


def _root(text: str, file: Path) -> Secret:
    try:
        whole = len(bytes.fromhex(text)) == _ROOT_BYTES
    except ValueError:
        whole = False
    if not whole:
        msg = f"LIMI_SECRET_KEY_FILE: {file} must hold {_ROOT_BYTES} bytes in hexadecimal: `openssl rand -hex 32`."
        raise SettingsError(msg)
    return Secret(text)


def _admin(text: str) -> Secret:
    if len(text) < 24 or not text.isascii() or not text.isprintable() or " " in text:  # noqa: PLR2004
        msg = "LIMI_ADMIN_KEY_FILE: the key must be at least 24 visible ASCII characters: `openssl rand -hex 32`."
        raise SettingsError(msg)
    return Secret(text)
