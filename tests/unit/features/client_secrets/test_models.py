"""Which model a name means, on which day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.features.client_secrets.models import ALIASES, ModelCatalogue, ModelWarning, UnknownModelError
from limi.kernel.settings import ModelOverride, ModelSettings, SettingsError
from limi.protocol import REALTIME_MODELS
from limi.testing import ManualClock

END = datetime(2027, 1, 20, tzinfo=UTC)
"""The day on which gpt-realtime and its relatives stop."""


@pytest.fixture
def clock() -> ManualClock:
    """A day on which no end is nearer than the ninety days of warning."""
    return ManualClock(datetime(2026, 10, 1, tzinfo=UTC).timestamp())


def catalogue(clock: ManualClock, *, in_use: tuple[str, ...] = (), **settings: Any) -> ModelCatalogue:
    return ModelCatalogue(settings=ModelSettings(**settings), clock=clock, in_use=in_use)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "model"),
        [
            ("gpt-4-realtime", "gpt-realtime"),
            ("gpt-4o-realtime-preview", "gpt-realtime"),
            ("gpt-4o-realtime-preview-2024-10-01", "gpt-realtime"),
            ("gpt-4o-realtime-preview-2024-12-17", "gpt-realtime"),
            ("gpt-4o-realtime-preview-2025-06-03", "gpt-realtime"),
            ("gpt-4o-mini-realtime-preview", "gpt-realtime-mini"),
            ("gpt-4o-mini-realtime-preview-2024-12-17", "gpt-realtime-mini"),
        ],
    )
    def test_an_alias_means_its_model_and_is_never_sent(self, name: str, model: str, clock: ManualClock) -> None:
        found = catalogue(clock).resolve(name)
        assert (found.model, found.replaces, found.shutdown) == (model, None, None)
        assert name not in REALTIME_MODELS

    @pytest.mark.parametrize("name", REALTIME_MODELS)
    def test_an_upstream_name_means_itself(self, name: str, clock: ManualClock) -> None:
        assert catalogue(clock).resolve(name).model == name

    def test_every_accepted_name_can_be_listed(self, clock: ManualClock) -> None:
        names = catalogue(clock, aliases={"voice": "gpt-realtime-2"}).names
        assert set(names) == {*REALTIME_MODELS, *ALIASES, "voice"}

    def test_no_name_is_the_default(self, clock: ManualClock) -> None:
        assert catalogue(clock).resolve().model == "gpt-realtime-2.1-mini"
        assert catalogue(clock, default="gpt-4-realtime").resolve().model == "gpt-realtime"

    @pytest.mark.parametrize("name", ["gpt-5", "GPT-realtime", "gpt-realtime ", "gpt-audio-mini"])
    def test_an_unknown_name_is_an_error_that_names_it(self, name: str, clock: ManualClock) -> None:
        with pytest.raises(UnknownModelError) as caught:
            catalogue(clock).resolve(name)
        assert caught.value.name == name

    def test_configuration_adds_names_and_models(self, clock: ManualClock) -> None:
        models = catalogue(
            clock,
            aliases={"house": "gpt-realtime-9", "gpt-4-realtime": "gpt-realtime-2"},
            catalogue={"gpt-realtime-9": ModelOverride()},
            default="house",
        )
        assert models.resolve().model == "gpt-realtime-9"
        assert models.resolve("gpt-4-realtime").model == "gpt-realtime-2"
        assert "gpt-realtime-9" in models.upstream

    def test_the_upstream_models_cannot_be_changed_from_outside(self, clock: ManualClock) -> None:
        with pytest.raises(TypeError):
            catalogue(clock).upstream["x"] = REALTIME_MODELS["gpt-realtime"]  # type: ignore[index] # must fail


class TestShutdown:
    @pytest.mark.parametrize(
        ("moment", "model", "replaces"),
        [
            (END - timedelta(days=1), "gpt-realtime", None),
            (END - timedelta(seconds=1), "gpt-realtime", None),
            (END, "gpt-realtime-2.1", "gpt-realtime"),
            (END + timedelta(hours=23), "gpt-realtime-2.1", "gpt-realtime"),
            (END + timedelta(days=400), "gpt-realtime-2.1", "gpt-realtime"),
        ],
    )
    def test_the_replacement_is_used_from_the_day_on_by_utc(
        self, moment: datetime, model: str, replaces: str | None
    ) -> None:
        models = catalogue(ManualClock(moment.timestamp()))
        for name in ("gpt-realtime", "gpt-4o-realtime-preview"):
            found = models.resolve(name)
            assert (found.model, found.replaces) == (model, replaces)

    @pytest.mark.parametrize("name", [m.name for m in REALTIME_MODELS.values() if m.shutdown])
    def test_every_model_with_an_end_has_a_living_replacement(self, name: str) -> None:
        found = catalogue(ManualClock((END + timedelta(days=1)).timestamp())).resolve(name)
        assert found.replaces == name
        assert REALTIME_MODELS[found.model].shutdown is None

    def test_what_is_remembered_of_a_day_is_forgotten_at_midnight(self) -> None:
        clock = ManualClock((END - timedelta(seconds=1)).timestamp())
        models = catalogue(clock)
        assert models.resolve("gpt-realtime").model == "gpt-realtime"
        clock.advance(1)
        assert models.resolve("gpt-realtime").model == "gpt-realtime-2.1"

    def test_a_clock_that_is_set_back_brings_the_model_back(self) -> None:
        clock = ManualClock(END.timestamp())
        models = catalogue(clock)
        assert models.resolve("gpt-realtime").model == "gpt-realtime-2.1"
        clock.set_now((END - timedelta(days=1)).timestamp())
        assert models.resolve("gpt-realtime").model == "gpt-realtime"

    def test_replacements_are_followed_to_one_that_lives(self, clock: ManualClock) -> None:
        past = date(2026, 1, 1)
        models = catalogue(
            clock,
            catalogue={
                "a": ModelOverride(shutdown=past, replacement="b"),
                "b": ModelOverride(shutdown=past, replacement="c"),
                "c": ModelOverride(shutdown=date(2030, 1, 1), replacement="gpt-realtime-2"),
            },
        )
        found = models.resolve("a")
        assert (found.model, found.replaces) == ("c", "a")

    def test_a_model_past_its_end_without_replacement_is_still_asked_for(self, clock: ManualClock) -> None:
        """Upstream's own refusal says more than a guess of ours would."""
        models = catalogue(clock, catalogue={"a": ModelOverride(shutdown=date(2026, 1, 1))})
        assert models.resolve("a").model == "a"

    def test_an_override_can_move_the_day(self) -> None:
        later = {"gpt-realtime": ModelOverride(shutdown=date(2027, 6, 1), replacement="gpt-realtime-2")}
        models = catalogue(ManualClock(END.timestamp()), catalogue=later)
        assert models.resolve("gpt-realtime").model == "gpt-realtime"


class TestMistakes:
    @pytest.mark.parametrize(
        ("settings", "sentence"),
        [
            ({"default": "gpt-5"}, "LIMI_MODELS_DEFAULT (models.default): 'gpt-5' is no upstream model"),
            ({"aliases": {"voice": "gpt-5"}}, "models.aliases.voice: 'gpt-5' is no upstream model"),
            ({"aliases": {"voice": "gpt-4-realtime"}}, "models.aliases.voice: 'gpt-4-realtime' is no upstream"),
            (
                {"catalogue": {"a": ModelOverride(replacement="gpt-4-realtime")}},
                "models.catalogue.a.replacement: 'gpt-4-realtime' is no upstream model",
            ),
            ({"catalogue": {"a": ModelOverride(replacement="b")}}, "models.catalogue.a.replacement: 'b' is no"),
            (
                {"catalogue": {"a": ModelOverride(replacement="a")}},
                "models.catalogue.a.replacement: the replacements go round in a circle",
            ),
            (
                {"catalogue": {"gpt-realtime-2.1": ModelOverride(replacement="gpt-realtime")}},
                "the replacements go round in a circle",
            ),
        ],
    )
    def test_a_table_that_cannot_work_stops_the_start(
        self, settings: dict[str, Any], sentence: str, clock: ManualClock
    ) -> None:
        with pytest.raises(SettingsError) as caught:
            catalogue(clock, **settings)
        assert sentence in str(caught.value)

    def test_a_profiles_unknown_model_stops_the_start(self, clock: ManualClock) -> None:
        with pytest.raises(SettingsError, match="a profile's model: 'gpt-5' is no upstream model"):
            catalogue(clock, in_use=("gpt-5",))


class TestWarnings:
    @pytest.mark.parametrize(("days", "warned"), [(91, False), (90, True), (1, True), (0, True), (-30, True)])
    def test_a_configured_model_is_warned_of_from_ninety_days_before_its_end(
        self,
        days: int,
        warned: bool,  # noqa: FBT001
    ) -> None:
        clock = ManualClock((END - timedelta(days=days)).timestamp())
        models = catalogue(clock, default="gpt-realtime", in_use=("gpt-4o-mini-realtime-preview",))
        assert [warning.model for warning in models.warnings()] == (
            ["gpt-realtime", "gpt-realtime-mini"] if warned else []
        )

    def test_a_model_nobody_uses_is_not_warned_of_until_somebody_asks_for_it(self) -> None:
        models = catalogue(ManualClock((END - timedelta(days=5)).timestamp()))
        assert models.warnings() == ()
        models.resolve("gpt-4-realtime")
        models.resolve("gpt-4-realtime")
        assert models.warnings() == (ModelWarning("gpt-realtime", date(2027, 1, 20), "gpt-realtime-2.1"),)

    def test_a_warning_says_what_happens_when_and_what_follows(self) -> None:
        assert ModelWarning("a", date(2027, 1, 20), "b").message == "a shuts down on 2027-01-20; b takes its place"
        assert ModelWarning("a", date(2027, 1, 20), None).message == "a shuts down on 2027-01-20"

    def test_a_resolution_near_the_end_says_the_day(self) -> None:
        models = catalogue(ManualClock((END - timedelta(days=5)).timestamp()))
        assert models.resolve("gpt-realtime").shutdown == END.date()
        assert models.resolve("gpt-realtime-2").shutdown is None

    def test_how_long_before_can_be_set(self) -> None:
        models = catalogue(ManualClock((END - timedelta(days=5)).timestamp()), warn_days=4)
        assert models.resolve("gpt-realtime").shutdown is None

    def test_the_log_warns_once_a_day_and_name(self) -> None:
        clock = ManualClock((END - timedelta(days=5)).timestamp())
        models = catalogue(clock)
        with capture_logs() as logs:
            for _ in range(3):
                models.resolve("gpt-4-realtime")
                models.resolve("gpt-realtime-2")
            clock.advance(86_400)
            models.resolve("gpt-4-realtime")
        assert [(log["event"], log["log_level"], log["asked_for"], log["model"]) for log in logs] == [
            ("model.ending", "warning", "gpt-4-realtime", "gpt-realtime")
        ] * 2
