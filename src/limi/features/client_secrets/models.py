"""Which model a name means today: public names, aliases, and what follows a model after its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

import structlog

from limi.kernel.clock import Clock
from limi.kernel.settings import ModelSettings, SettingsError
from limi.protocol.models import REALTIME_MODELS, RealtimeModel

__all__ = ["ALIASES", "ModelCatalogue", "ModelWarning", "Resolution", "UnknownModelError"]

_log = structlog.get_logger()

ALIASES: Final = MappingProxyType(
    {
        "gpt-4-realtime": "gpt-realtime",
        "gpt-4o-realtime-preview": "gpt-realtime",
        "gpt-4o-realtime-preview-2024-10-01": "gpt-realtime",
        "gpt-4o-realtime-preview-2024-12-17": "gpt-realtime",
        "gpt-4o-realtime-preview-2025-06-03": "gpt-realtime",
        "gpt-4o-mini-realtime-preview": "gpt-realtime-mini",
        "gpt-4o-mini-realtime-preview-2024-12-17": "gpt-realtime-mini",
    }
)
"""Names that clients use and upstream no longer knows; they are never sent there."""


class UnknownModelError(LookupError):
    """No model has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no model is named {name!r}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a name means today."""

    model: str
    replaces: str | None = None
    """The upstream model that would have been meant, had its end not come."""
    shutdown: date | None = None
    """The model's last day plus one, where that is near enough to warn of."""


@dataclass(frozen=True, slots=True)
class ModelWarning:
    """A model in use whose end is near or past."""

    model: str
    shutdown: date
    replacement: str | None

    @property
    def message(self) -> str:
        """Say it in a sentence."""
        then = f"; {self.replacement} takes its place" if self.replacement else ""
        return f"{self.model} shuts down on {self.shutdown.isoformat()}{then}"


class ModelCatalogue:
    """Resolves names by date. Days are UTC, as upstream's announcements are.

    Raises:
        SettingsError: when an alias, the default or a replacement names no model.
    """

    def __init__(self, *, settings: ModelSettings, clock: Clock, in_use: Iterable[str] = ()) -> None:
        self._clock = clock
        self._warn = timedelta(days=settings.warn_days)
        self._models = _with_overrides(settings)
        self._aliases = {**ALIASES, **settings.aliases}
        self._default = settings.default
        self._cached_day = -1.0
        self._resolved: dict[str, Resolution] = {}
        self._check()
        self._in_use = {self._named(name, "a profile's model") for name in in_use}
        self._in_use.add(self._named(settings.default, "LIMI_MODELS_DEFAULT (models.default)"))

    @property
    def names(self) -> tuple[str, ...]:
        """Every name a request may give."""
        return (*self._models, *self._aliases)

    @property
    def upstream(self) -> Mapping[str, RealtimeModel]:
        """Every model as upstream names it."""
        return MappingProxyType(self._models)

    def resolve(self, name: str | None = None) -> Resolution:
        """Return what `name` means today; the default's meaning where it is None.

        Raises:
            UnknownModelError: no model or alias has that name.
        """
        name = name or self._default
        # The whole table is kept for a day, which makes a mint's look-up a single dictionary access.
        today = self._clock.now() // 86_400
        if today != self._cached_day:
            self._cached_day, self._resolved = today, {}
        found = self._resolved.get(name)
        if found is None:
            found = self._resolved[name] = self._resolve(name)
            self._in_use.add(self._aliases.get(name, name))
            if found.shutdown or found.replaces:
                # Once a day and name, because the table is emptied at midnight.
                _log.warning("model.ending", asked_for=name, model=found.model, shutdown=str(found.shutdown))
        return found

    def warnings(self) -> tuple[ModelWarning, ...]:
        """Return a warning for every model configured or asked for whose end is near or past."""
        today = self._today()
        models = (self._models[name] for name in sorted(self._in_use))
        return tuple(
            ModelWarning(model.name, model.shutdown, model.replacement)
            for model in models
            if model.shutdown and model.shutdown - today <= self._warn
        )

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock.now(), UTC).date()

    def _resolve(self, name: str) -> Resolution:
        meant = self._aliases.get(name, name)
        if meant not in self._models:
            raise UnknownModelError(name)
        today, model = self._today(), self._models[meant]
        while model.shutdown and model.replacement and model.shutdown <= today:
            model = self._models[model.replacement]
        near = model.shutdown if model.shutdown and model.shutdown - today <= self._warn else None
        return Resolution(model.name, replaces=meant if model.name != meant else None, shutdown=near)

    def _named(self, name: str, setting: str) -> str:
        return self._known(self._aliases.get(name, name), setting).name

    def _known(self, name: str, setting: str) -> RealtimeModel:
        # What an alias or a replacement names is looked up once, so it cannot be an alias itself.
        if name not in self._models:
            msg = f"{setting}: {name!r} is no upstream model that Limi or models.catalogue knows."
            raise SettingsError(msg)
        return self._models[name]

    def _check(self) -> None:
        for alias, target in self._aliases.items():
            self._known(target, f"models.aliases.{alias}")
        for model in self._models.values():
            seen = {model.name}
            while model.replacement:
                model = self._known(  # noqa: PLW2901 - follows the chain
                    model.replacement, f"models.catalogue.{model.name}.replacement"
                )
                if model.name in seen:
                    msg = f"models.catalogue.{model.name}.replacement: the replacements go round in a circle."
                    raise SettingsError(msg)
                seen.add(model.name)


def _with_overrides(settings: ModelSettings) -> dict[str, RealtimeModel]:
    added = {
        name: RealtimeModel(name, override.shutdown, override.replacement)
        for name, override in settings.catalogue.items()
    }
    return {**REALTIME_MODELS, **added}
