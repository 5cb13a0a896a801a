"""Where a setting's value comes from, and what is said of one that does not fit."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.adapters.configuration import SettingInfo, load_settings, setting_infos
from limi.kernel.secret import Secret
from limi.kernel.settings import GROUPS, Environment, Settings, SettingsError

KEY = "sk-a-key-that-must-not-be-quoted"

Write = Callable[[str], Path]
PLACES = ("environment", "file", "variable", "command line")
INFOS = {info.env: info for info in setting_infos()}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        file = tmp_path / "limi.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def refusal(environ: dict[str, str], file: Path | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, file=file)
    return str(caught.value)


class TestOrderOfPrecedence:
    @pytest.mark.parametrize(
        "given", [places for n in range(5) for places in itertools.combinations(PLACES, n)], ids="+".join
    )
    def test_what_is_given_later_wins(self, given: tuple[str, ...], write: Write) -> None:
        env = "env = 'production'\n" if "environment" in given else ""
        limits = "[limits]\ntokens_per_minute = 41\n" if "file" in given else ""
        settings = load_settings(
            {"LIMI_TOKENS_PER_MINUTE": "42"} if "variable" in given else {},
            file=write(env + limits),
            overrides={"limits.tokens_per_minute": 43} if "command line" in given else None,
        )
        numbers = {"environment": 30, "file": 41, "variable": 42, "command line": 43}
        assert settings.limits.tokens_per_minute == (numbers[given[-1]] if given else 100)

    def test_a_variable_names_the_environment_over_the_file(self, write: Write) -> None:
        settings = load_settings({"LIMI_ENV": "staging"}, file=write("env = 'production'"))
        assert settings.env is Environment.STAGING
        assert settings.limits.tokens_per_minute == 60

    def test_limi_config_names_the_file_and_an_argument_another(self, write: Write, tmp_path: Path) -> None:
        environ = {"LIMI_CONFIG": str(write("[server]\nport = 1111"))}
        assert load_settings(environ).server.port == 1111
        other = tmp_path / "other.toml"
        other.write_text("[server]\nport = 2222")
        assert load_settings(environ, file=other).server.port == 2222

    def test_what_is_empty_or_none_counts_as_absent(self) -> None:
        settings = load_settings({"LIMI_PORT": "", "OPENAI_API_KEY": ""}, overrides={"server.host": None})
        assert (settings.server.port, settings.server.host) == (3001, "127.0.0.1")
        assert settings.upstream.api_key is None

    def test_nothing_given_is_the_defaults(self) -> None:
        assert load_settings({}) == Settings()

    def test_variables_of_other_programs_are_no_ones_business(self) -> None:
        assert load_settings({"PATH": "/bin", "LIMITS": "1", "limi_port": "1"}) == Settings()

    def test_the_clients_own_key_may_stand_in_the_environment(self) -> None:
        """`limi mint` reads it, so a developer's shell has it when `limi serve` is started there."""
        assert load_settings({"LIMI_API_KEY": "limi_whatever"}) == Settings()

    def test_what_kubernetes_says_of_a_service_named_limi_is_not_a_setting(self) -> None:
        given = {
            "LIMI_SERVICE_HOST": "10.0.0.1",
            "LIMI_SERVICE_PORT_HTTP": "3001",
            "LIMI_PORT_3001_TCP": "tcp://10.0.0.1:3001",
            "LIMI_PORT_3001_TCP_PROTO": "tcp",
        }
        assert load_settings(given) == Settings()
        assert load_settings({**given, "LIMI_PORT": "4000"}).server.port == 4000

    @pytest.mark.parametrize("url", ["https://api.example/v1", "http://[::1]:3010/v1", "https://a.example/@b/v1"])
    def test_a_url_without_a_password_is_taken(self, url: str) -> None:
        given = load_settings({"LIMI_UPSTREAM_URL": url, "LIMI_PUBLIC_URL": url})
        assert (given.upstream.url, given.server.public_url) == (url, url)


class TestForms:
    def test_a_list_is_written_with_commas(self) -> None:
        assert load_settings({"LIMI_ALLOWED_HOSTS": " a.example, b.example ,,"}).server.allowed_hosts == (
            "a.example",
            "b.example",
        )

    def test_a_table_is_written_as_json(self) -> None:
        settings = load_settings(
            {
                "LIMI_PROFILES": '{"tutor": {"voice": "cedar", "variables": {"name": "you"}}}',
                "LIMI_MODELS_CATALOGUE": '{"m": {"shutdown": "2027-03-01", "replacement": "gpt-realtime-2.1"}}',
            }
        )
        assert settings.profiles["tutor"].voice == "cedar"
        assert settings.profiles["tutor"].variables == {"name": "you"}
        assert str(settings.models.catalogue["m"].shutdown) == "2027-03-01"

    def test_the_default_profile_is_there_beside_those_of_a_file(self, write: Write) -> None:
        settings = load_settings({}, file=write("[profiles.tutor]\nvoice = 'cedar'"))
        assert set(settings.profiles) == {"tutor", "default"}
        assert settings.profiles["default"].voice == "marin"

    def test_a_file_and_a_variable_may_describe_one_profile_together(self, write: Write) -> None:
        settings = load_settings(
            {"LIMI_PROFILES": '{"tutor": {"voice": "cedar"}}'},
            file=write("[profiles.tutor]\nvoice = 'marin'\nttl_seconds = 60"),
        )
        assert (settings.profiles["tutor"].voice, settings.profiles["tutor"].ttl_seconds) == ("cedar", 60)

    def test_a_profile_can_turn_detection_off(self) -> None:
        settings = load_settings({"LIMI_PROFILES": '{"default": {"turn_detection": null}}'})
        assert settings.profiles["default"].turn_detection is None

    @pytest.mark.parametrize("text", ["true", "1", "True"])
    def test_a_switch_is_turned_on_by_true_or_1(self, text: str) -> None:
        assert load_settings({"LIMI_ALLOW_ANONYMOUS": text}).security.allow_anonymous is True

    def test_the_main_key_loses_the_blanks_around_it(self) -> None:
        assert load_settings({"OPENAI_API_KEY": f" {KEY}\n"}).upstream.api_key == Secret(KEY)


class TestMistakes:
    @pytest.mark.parametrize(
        ("environ", "sentence"),
        [
            ({"LIMI_PORT": "65536"}, "LIMI_PORT (server.port) must be a whole number from 0 to 65535."),
            ({"LIMI_PORT": "-1"}, "LIMI_PORT (server.port) must be a whole number from 0 to 65535."),
            ({"LIMI_PORT": "http"}, "LIMI_PORT (server.port) must be a whole number from 0 to 65535."),
            ({"LIMI_WORKERS": "0"}, "LIMI_WORKERS (server.workers) must be a whole number from 1 to 128."),
            ({"LIMI_ENV": "prod"}, "LIMI_ENV must be one of development, staging, production, not 'prod'."),
            (
                {"LIMI_LOG_LEVEL": "loud"},
                "LIMI_LOG_LEVEL (log.level) must be one of debug, info, warn, warning, error.",
            ),
            ({"LIMI_TOKENS_PER_MINUTE": "0"}, "LIMI_TOKENS_PER_MINUTE (limits.tokens_per_minute) must be"),
            (
                {"LIMI_LIMITS_GLOBAL_PER_MINUTE": "0"},
                "(limits.global_per_minute) must be a whole number from 1 to",
            ),
            (
                {"LIMI_UPSTREAM_TIMEOUT_SECONDS": "nan"},
                "(upstream.timeout_seconds) must be a number above 0 and at most 120.",
            ),
            (
                {"LIMI_SERVER_SHUTDOWN_SECONDS": "inf"},
                "(server.shutdown_seconds) must be a number above 0 and at most 3600.",
            ),
            (
                {"LIMI_SERVER_BODY_SECONDS": "inf"},
                "(server.body_seconds) must be a number above 0 and at most 3600.",
            ),
            (
                {"LIMI_JOURNAL_WRITE_SECONDS": "inf"},
                "(journal.write_seconds) must be a number above 0 and at most 60.",
            ),
            ({"LIMI_JOURNAL_LEASE_SECONDS": "inf"}, "(journal.lease_seconds) must be a number from 0.2 to 86400."),
            ({"LIMI_UPSTREAM_URL": "https://api.openai.com"}, "LIMI_UPSTREAM_URL (upstream.url) does not fit."),
            ({"LIMI_UPSTREAM_URL": "sandbox\n"}, "LIMI_UPSTREAM_URL (upstream.url) does not fit."),
            ({"LIMI_UPSTREAM_URL": "https:////v1"}, "LIMI_UPSTREAM_URL (upstream.url) does not fit."),
            ({"LIMI_UPSTREAM_URL": "https://me:hush@api.example/v1"}, "/v1, without user name or password, or"),
            ({"LIMI_UPSTREAM_URL": "https://hush@api.example/v1"}, "LIMI_UPSTREAM_URL (upstream.url) does not"),
            ({"LIMI_PUBLIC_URL": "https://me:hush@voice.example/x"}, "a host, without user name, password, query"),
            ({"LIMI_PORT": "tcp://10.0.0.1:3001"}, "in the pod's specification, or LIMI_PORT itself."),
            ({"LIMI_PORT": "tcp://10.0.0.1:3001"}, "set `enableServiceLinks: false`"),
            ({"LIMI_PUBLIC_URL": "voice.example"}, "LIMI_PUBLIC_URL (server.public_url) does not fit."),
            ({"LIMI_PUBLIC_URL": "https://voice.example\n"}, "LIMI_PUBLIC_URL (server.public_url) does not fit."),
            ({"LIMI_PROFILES": "[]"}, "LIMI_PROFILES must be a JSON object: "),
            ({"LIMI_PROFILES": '{"a": '}, "LIMI_PROFILES must be a JSON object: "),
            ({"LIMI_PROFILES": '{"A b": {}}'}, "LIMI_PROFILES (profiles) does not fit. It is: Session configs"),
            ({"LIMI_PROFILES": '{"a": {"voice": ""}}'}, "profiles.voice must be a text that is not empty."),
            ({"LIMI_PROFILES": '{"a": {"vioce": "x"}}'}, "vioce is not a setting of [profiles]."),
            (
                {"LIMI_PROFILES": '{"a": {"ttl_seconds": 9}}'},
                "profiles.ttl_seconds must be a whole number from 10 to 7200.",
            ),
            (
                {"LIMI_PROFILES": '{"a": {"ttl_seconds": 7201}}'},
                "profiles.ttl_seconds must be a whole number from 10 to 7200.",
            ),
            ({"LIMI_MODELS_CATALOGUE": '{"m": {"shutdown": "soon"}}'}, "models.catalogue.shutdown: "),
            ({"LIMI_PROT": "3001"}, "LIMI_PROT is not a setting of Limi. `limi serve --help` lists them all."),
        ],
    )
    def test_a_variable_that_does_not_fit_is_named_with_its_rule(
        self, environ: dict[str, str], sentence: str
    ) -> None:
        told = refusal(environ)
        assert sentence in told
        assert "hush" not in told

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("[server]\nprot = 1", "prot is not a setting of [server]."),
            ("port = 1", "port is not a setting of the configuration file."),
            ("limits = 5", "limits must be a table."),
            ("profiles = 5", "LIMI_PROFILES (profiles) must be a table."),
            ("profiles = []", "LIMI_PROFILES (profiles) must be a table."),
            ("env = []", "LIMI_ENV must be one of"),
            (
                "[server]\nallowed_hosts = 'a'",
                "LIMI_ALLOWED_HOSTS (server.allowed_hosts) must be an array of texts.",
            ),
            ("[upstream]\napi_key = 5", "OPENAI_API_KEY (upstream.api_key): must be a text."),
            ("[server", "is not TOML: "),
            ("a = 1\na = 2", "is not TOML: "),
        ],
    )
    def test_a_file_that_does_not_fit_is_named_with_its_rule(self, text: str, sentence: str, write: Write) -> None:
        assert sentence in refusal({}, write(text))

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        assert "missing.toml cannot be read: No such file" in refusal({}, tmp_path / "missing.toml")
        assert "cannot be read: Is a directory" in refusal({"LIMI_CONFIG": str(tmp_path)})

    def test_a_file_that_is_no_text_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "limi.toml"
        file.write_bytes(b"\xff\xfe")
        assert "limi.toml is not TOML" in refusal({}, file)

    @pytest.mark.parametrize(
        "text", [f"{KEY}\nx", f"{KEY} x", f"{KEY}é", f"{KEY}\x00", f"{KEY}\u2028x"], ids=ascii
    )
    def test_a_key_that_no_header_can_carry_stops_the_start_and_is_not_quoted(self, text: str) -> None:
        assert refusal({"OPENAI_API_KEY": text}) == (
            "OPENAI_API_KEY (upstream.api_key): must be visible ASCII characters only."
        )

    def test_a_broken_file_with_a_key_in_it_is_refused_without_quoting_the_key(self, write: Write) -> None:
        for text in (f"[upstream]\napi_key = {KEY}", f"[upstream]\napi_key = '{KEY}", f"upstream = '{KEY}'"):
            assert KEY not in refusal({}, write(text))

    @given(st.integers())
    def test_a_port_is_from_0_to_65535(self, port: int) -> None:
        if 0 <= port <= 65535:
            assert load_settings({"LIMI_PORT": str(port)}).server.port == port
        else:
            assert "LIMI_PORT (server.port)" in refusal({"LIMI_PORT": str(port)})

    @given(env=st.sampled_from(sorted(INFOS)), text=st.text(max_size=30))
    def test_whatever_a_variable_holds_the_answer_is_settings_or_a_sentence(self, env: str, text: str) -> None:
        try:
            load_settings({env: text})
        except SettingsError as exc:
            assert env in str(exc) or INFOS[env].path in str(exc) or "is not a setting" in str(exc)  # noqa: PT017


class TestSettingInfos:
    def test_every_setting_of_every_group_is_listed_once(self) -> None:
        paths = [info.path for info in setting_infos()]
        fields = [f"{group}.{name}" for group, kind in GROUPS.items() for name in kind.__struct_fields__]
        assert paths == ["env", *fields, "profiles"]
        assert len(INFOS) == len(paths)

    @pytest.mark.parametrize("info", INFOS.values(), ids=INFOS)
    def test_every_setting_is_described_in_sentences(self, info: SettingInfo) -> None:
        assert info.description.endswith(".")
        # What OpenAI and OpenTelemetry have named keeps its name.
        assert info.env.startswith(("LIMI_", "OTEL_")) or info.env == "OPENAI_API_KEY"

    def test_the_names_that_every_part_relies_on(self) -> None:
        promised = {
            "LIMI_ENV",
            "LIMI_HOST",
            "LIMI_PORT",
            "LIMI_DATABASE_URL",
            "LIMI_PUBLIC_URL",
            "LIMI_ALLOWED_HOSTS",
            "LIMI_TRUSTED_PROXIES",
            "LIMI_UPSTREAM_URL",
            "OPENAI_API_KEY",
            "LIMI_ALLOW_ANONYMOUS",
            "LIMI_TOKENS_PER_MINUTE",
            "LIMI_WORKERS",
            "LIMI_SECRET_KEY_FILE",
            "LIMI_ADMIN_KEY_FILE",
        }
        assert promised <= set(INFOS)

    def test_a_setting_without_a_name_of_its_own_is_named_by_its_place(self) -> None:
        assert INFOS["LIMI_UPSTREAM_TIMEOUT_SECONDS"].path == "upstream.timeout_seconds"
        assert INFOS["LIMI_UPSTREAM_TIMEOUT_SECONDS"].default == 10.0


@pytest.mark.parametrize("info", [info for info in setting_infos() if not info.env.endswith(("_FILE", "_DIR"))])
def test_a_variable_that_is_no_text_is_refused_by_its_name(info: SettingInfo) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"{info.env} ({info.path}) must be text in UTF-8")):
        load_settings({info.env: "5\udcff"})


def test_the_name_of_a_file_may_be_any_bytes() -> None:
    assert load_settings({"LIMI_AUDIT_FILE": "log\udcff"}).audit.file == "log\udcff"


@pytest.mark.parametrize(
    "env",
    [
        "LIMI_TOKENS_PER_MINUTE",
        "LIMI_LIMITS_CONNECTIONS_PER_MINUTE",
        "LIMI_LIMITS_MOBILE_PER_MINUTE",
        "LIMI_LIMITS_DESKTOP_PER_MINUTE",
        "LIMI_LIMITS_OTHER_PER_MINUTE",
        "LIMI_LIMITS_GLOBAL_PER_MINUTE",
        "LIMI_AUDIT_RETENTION_DAYS",
        "LIMI_WEBHOOKS_KEEP_DAYS",
        "LIMI_WEBHOOKS_DISABLE_AFTER_DAYS",
    ],
)
def test_a_number_that_nothing_can_reckon_with_is_refused_at_the_start(env: str) -> None:
    """Redis is told limits in 64 bits, and no date lies an infinity of days back: both would fail much later."""
    with pytest.raises(SettingsError, match=rf"{env} .* (to|at most) (1000000000|36500)\."):
        load_settings({env: "9" * 30})
