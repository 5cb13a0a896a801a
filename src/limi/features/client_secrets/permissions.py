"""Whether a valid request asks for more than profile and caller allow."""

from limi.features.client_secrets.errors import ForbiddenError
from limi.features.client_secrets.model import MintRequest
from limi.features.client_secrets.models import ModelCatalogue, Resolution, UnknownModelError
from limi.kernel.principal import Principal
from limi.kernel.settings import Override, Profile

__all__ = ["check_request"]


def check_request(
    request: MintRequest, profile: Profile, principal: Principal, resolution: Resolution, models: ModelCatalogue
) -> None:
    """Return when the request may be served.

    Args:
        request: what is asked for.
        profile: the session config that it chose.
        principal: who asks.
        resolution: the model that it comes to.
        models: says what the names mean by which a caller is bounded.

    Raises:
        ForbiddenError: naming the member by which it may not.
    """
    overrides = profile.overrides
    # Clients that always name a model may name the one they would get.
    fixed = Override.MODEL not in overrides
    if fixed and request.model and not _means(profile.model, resolution.model, models):
        raise ForbiddenError(field="model", rule=f"is decided by the profile `{request.profile}`")
    if request.capabilities and Override.CAPABILITIES not in overrides:
        raise ForbiddenError(field="capabilities", rule=f"are decided by the profile `{request.profile}`")
    if principal.models is not None and not _is_among(resolution.model, principal.models, models):
        rule = f"`{resolution.model}` is not among those that this caller may use"
        raise ForbiddenError(field="model", rule=rule)


def _is_among(model: str, names: frozenset[str], models: ModelCatalogue) -> bool:
    """Say whether one of `names` means `model` today: an alias means another model after that one's end."""
    return model in names or any(_means(name, model, models) for name in names)


def _means(name: str | None, model: str, models: ModelCatalogue) -> bool:
    try:
        return models.resolve(name).model == model
    except UnknownModelError:
        return False
