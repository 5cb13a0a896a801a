import multiprocessing
import os
import secrets
import stat
from pathlib import Path

import pytest

from limi.adapters.configuration import load_settings
from limi.adapters.key_files import KeyFiles, load_key_files
from limi.kernel.settings import Environment, Settings, SettingsError

ROOT = "ab" * 32
ADMIN = "limi_admin_" + "c" * 24


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def settings(**files: Path | str) -> Settings:
    return load_settings({name: str(value) for name, value in files.items()})


def values(keys: KeyFiles) -> tuple[str, str]:
    return keys.root.reveal(), keys.admin_key.reveal()


class TestFirstStart:
    def test_both_keys_are_made_where_only_their_owner_can_read(self, tmp_path: Path) -> None:
        folder = tmp_path / ".limi"
        before = os.umask(0o000)
        try:
            load_key_files(Settings(), folder=folder)
        finally:
            os.umask(before)
        assert mode(folder) == 0o700
        assert {file.name: mode(file) for file in folder.iterdir()} == {"secret": 0o600, "admin-key": 0o600}

    def test_the_keys_are_as_promised(self, tmp_path: Path) -> None:
        keys = load_key_files(Settings(), folder=tmp_path)
        assert len(bytes.fromhex(keys.root.reveal())) == 32
        assert keys.admin_key.reveal().startswith("limi_admin_")
        assert keys.admin_key_file == tmp_path / "admin-key"
        assert keys.made

    def test_the_next_start_reads_the_same(self, tmp_path: Path) -> None:
        first = load_key_files(Settings(), folder=tmp_path)
        second = load_key_files(Settings(), folder=tmp_path)
        assert values(second) == values(first)
        assert not second.made

    def test_two_servers_have_no_key_in_common(self, tmp_path: Path) -> None:
        one = load_key_files(Settings(), folder=tmp_path / "one")
        other = load_key_files(Settings(), folder=tmp_path / "other")
        assert not set(values(one)) & set(values(other))

    def test_the_slower_of_two_starts_takes_the_keys_of_the_faster(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The other start is faster by a hair: it writes after this one looked and before this one writes."""
        random = secrets.token_hex

        def token_hex(size: int) -> str:
            if size == 4:  # The name of a draft, which is the step in between.
                (tmp_path / "secret").write_text(ROOT)
                (tmp_path / "admin-key").write_text(ADMIN)
            return random(size)

        monkeypatch.setattr(secrets, "token_hex", token_hex)
        keys = load_key_files(Settings(), folder=tmp_path)
        assert values(keys) == (ROOT, ADMIN)
        assert not keys.made
        assert (tmp_path / "secret").read_text() == ROOT
        assert {file.name for file in tmp_path.iterdir()} == {"secret", "admin-key"}

    def test_processes_that_start_together_agree_on_the_keys(self, tmp_path: Path) -> None:
        """Spawned rather than forked, because threads of other tests may be alive."""
        context = multiprocessing.get_context("spawn")
        starting, found = context.Barrier(4), context.Queue()
        racers = [context.Process(target=race, args=(tmp_path / ".limi", starting, found)) for _ in range(4)]
        for racer in racers:
            racer.start()
        answers = [found.get(timeout=60) for _ in racers]
        for racer in racers:
            racer.join()
        assert len({pair for round_ in answers for pair in round_}) == 20
        assert all(round_ == answers[0] for round_ in answers)
        assert not [file for file in (tmp_path / ".limi").rglob("*") if file.suffix]


def race(
    folder: Path, starting: "multiprocessing.synchronize.Barrier", found: "multiprocessing.Queue[object]"
) -> None:
    made = []
    for attempt in range(20):
        starting.wait(timeout=30)
        made.append(values(load_key_files(Settings(), folder=folder / str(attempt))))
    found.put(made)


class TestGivenFiles:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        file = tmp_path / "root"
        file.write_text(f"{ROOT}\n")
        file.chmod(0o600)
        return file

    @pytest.fixture
    def admin(self, tmp_path: Path) -> Path:
        file = tmp_path / "admin"
        file.write_text(f" {ADMIN}\n")
        file.chmod(0o600)
        return file

    def test_the_files_that_are_named_are_read(self, root: Path, admin: Path) -> None:
        keys = load_key_files(
            settings(LIMI_ENV="production", LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=admin)
        )
        assert values(keys) == (ROOT, ADMIN)
        assert keys.admin_key_file == admin
        assert not keys.made

    @pytest.mark.parametrize("env", ["staging", "production"])
    def test_outside_development_both_must_be_named(self, env: str, root: Path, admin: Path) -> None:
        with pytest.raises(SettingsError, match=f"LIMI_SECRET_KEY_FILE is required in {env}"):
            load_key_files(settings(LIMI_ENV=env, LIMI_ADMIN_KEY_FILE=admin))
        with pytest.raises(SettingsError, match=f"LIMI_ADMIN_KEY_FILE is required in {env}"):
            load_key_files(settings(LIMI_ENV=env, LIMI_SECRET_KEY_FILE=root))
        with pytest.raises(
            SettingsError, match=f"LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required in {env}"
        ):
            load_key_files(settings(LIMI_ENV=env))

    @pytest.mark.parametrize("too_open", [0o604, 0o644, 0o620, 0o602, 0o666, 0o444])
    def test_outside_development_a_file_that_others_could_read_or_write_is_refused(
        self, too_open: int, root: Path, admin: Path
    ) -> None:
        given = {"LIMI_SECRET_KEY_FILE": root, "LIMI_ADMIN_KEY_FILE": admin}
        for name, file in given.items():
            file.chmod(too_open)
            with pytest.raises(
                SettingsError, match=rf"{name}: the file .* has mode {too_open:04o}; in production"
            ):
                load_key_files(settings(LIMI_ENV="production", **given))
            assert values(load_key_files(settings(**given))) == (ROOT, ADMIN)
            file.chmod(0o600)

    @pytest.mark.parametrize("closed", [0o400, 0o600, 0o440, 0o640])
    def test_a_file_that_its_owner_and_a_group_read_is_taken_everywhere(
        self, closed: int, root: Path, admin: Path
    ) -> None:
        root.chmod(closed)
        given = settings(LIMI_ENV="production", LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=admin)
        assert values(load_key_files(given)) == (ROOT, ADMIN)

    @pytest.mark.parametrize("env", list(Environment))
    @pytest.mark.parametrize("content", [ROOT, ROOT.upper() + "\n"])
    def test_one_key_cannot_be_both(self, content: str, env: str, root: Path, admin: Path) -> None:
        admin.write_text(content)
        for second in (admin, root):
            given = settings(LIMI_ENV=env, LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=second)
            with pytest.raises(SettingsError, match="LIMI_ADMIN_KEY_FILE holds the same key") as caught:
                load_key_files(given)
            assert ROOT not in str(caught.value)

    def test_outside_development_a_missing_file_is_not_made(self, tmp_path: Path, admin: Path) -> None:
        missing = tmp_path / "missing"
        given = settings(LIMI_ENV="production", LIMI_SECRET_KEY_FILE=missing, LIMI_ADMIN_KEY_FILE=admin)
        with pytest.raises(SettingsError, match=r"LIMI_SECRET_KEY_FILE: the file .*missing does not exist\."):
            load_key_files(given)
        assert not missing.exists()

    def test_in_development_a_missing_file_is_made_where_it_was_named(self, tmp_path: Path) -> None:
        named = tmp_path / "deep" / "root"
        keys = load_key_files(settings(LIMI_SECRET_KEY_FILE=named), folder=tmp_path)
        assert named.read_text().strip() == keys.root.reveal()

    @pytest.mark.parametrize("content", ["", "abc", "ab" * 31, "ab" * 33, "zz" * 32, ROOT + "!"])
    def test_a_root_that_is_not_32_bytes_is_refused_and_not_quoted(
        self, content: str, root: Path, admin: Path
    ) -> None:
        root.write_text(content)
        with pytest.raises(SettingsError, match=r"LIMI_SECRET_KEY_FILE: .* must hold 32 bytes") as caught:
            load_key_files(settings(LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=admin))
        assert "abab" not in str(caught.value)

    @pytest.mark.parametrize(
        "content", ["", "short", "x" * 23, "with a space in it, and long", "tab\tin it and long enough"]
    )
    def test_an_operators_key_that_could_be_guessed_or_not_sent_is_refused(
        self, content: str, root: Path, admin: Path
    ) -> None:
        admin.write_text(content)
        with pytest.raises(SettingsError, match="LIMI_ADMIN_KEY_FILE: the key must be at least 24 visible ASCII"):
            load_key_files(settings(LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=admin))

    def test_a_file_that_is_no_text_is_named(self, root: Path, admin: Path) -> None:
        root.write_bytes(os.urandom(16) + b"\xff" * 16)
        with pytest.raises(SettingsError, match=r"LIMI_SECRET_KEY_FILE: the file .* cannot be read"):
            load_key_files(settings(LIMI_SECRET_KEY_FILE=root, LIMI_ADMIN_KEY_FILE=admin))

    def test_a_folder_in_the_place_of_a_file_is_named(self, tmp_path: Path, admin: Path) -> None:
        with pytest.raises(SettingsError, match=r"LIMI_SECRET_KEY_FILE: the file .* cannot be read"):
            load_key_files(settings(LIMI_SECRET_KEY_FILE=tmp_path, LIMI_ADMIN_KEY_FILE=admin))

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("")
        with pytest.raises(SettingsError, match=r"LIMI_SECRET_KEY_FILE: the file .* cannot be (written|read)"):
            load_key_files(Settings(), folder=blocked / "folder")
