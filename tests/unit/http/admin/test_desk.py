"""What every operator's request passes first."""

import pytest

from limi.http.admin.desk import cut, route
from limi.http.admin.requests import CreateTenantRequest, PageQuery
from limi.http.authentication import Authenticator
from limi.http.context import put_context
from limi.http.errors import Refusal
from limi.http.inputs import INPUTS
from limi.kernel.errors import CATALOGUE
from limi.kernel.principal import Scope
from limi.kernel.secret import Secret
from limi.testing.backend import ADMIN_KEY
from tests.unit.http.admin.harness import Desk, make_desk
from tests.unit.http.harness import make_context
from tests.unit.http.test_inputs import make_request


@pytest.mark.parametrize(
    ("key", "code"), [("", "auth_required"), ("limi_admin_wrong_wrong_wrong", "auth_required")]
)
async def test_without_a_valid_key_nobody_gets_in(desk: Desk, key: str, code: str) -> None:
    assert (await desk.refused("GET", "/keys", key=key)).code == code


async def test_a_key_without_the_scope_is_not_enough(desk: Desk) -> None:
    everything_else = [scope for scope in Scope if scope is not Scope.ADMIN]
    made = await desk.ask("POST", "/keys", {"name": "app", "scopes": everything_else})
    assert (await desk.refused("GET", "/keys", key=made.json["secret"])).code == "forbidden"


async def test_who_may_not_ask_learns_nothing_of_the_query(desk: Desk) -> None:
    assert (await desk.refused("GET", "/keys", key="", nonsense="1")).code == "auth_required"
    assert (await desk.refused("GET", "/keys", nonsense="1")).code == "invalid_request"


async def test_a_path_that_names_what_nothing_can_be_called_leads_nowhere() -> None:
    authenticator = Authenticator(admin_key=Secret(ADMIN_KEY), allow_anonymous=False)
    request = make_request(b"", (b"authorization", f"Bearer {ADMIN_KEY}".encode()))
    put_context(request.scope, make_context())  # type: ignore[arg-type]
    request.scope["path_params"] = {"key": "a\0b"}
    with pytest.raises(Refusal) as caught:
        await make_desk(authenticator).admit(request, PageQuery)
    assert caught.value.code == "not_found"


@pytest.mark.parametrize(("keep", "agent"), [(True, "curl/8"), (False, None)])
async def test_a_user_agent_is_kept_where_the_settings_allow(agent: str | None, *, keep: bool) -> None:
    authenticator = Authenticator(admin_key=Secret(ADMIN_KEY), allow_anonymous=False)
    request = make_request(b"limit=3", (b"authorization", f"Bearer {ADMIN_KEY}".encode()))
    put_context(request.scope, make_context(user_agent="curl/8"))  # type: ignore[arg-type]
    visit, query = await make_desk(authenticator, keep_user_agent=keep).admit(request, PageQuery)
    assert query == PageQuery(limit=3)
    assert (visit.principal.caller, visit.origin.caller) == ("key:admin", "key:admin")
    assert (visit.origin.user_agent, visit.origin.ip) == (agent, "203.0.113.7")


def test_a_route_says_what_it_reads_and_how_it_may_be_refused() -> None:
    described = route("Make", "Make one", "not_found", body=CreateTenantRequest, changes=True)
    assert described["opt"][INPUTS].body is CreateTenantRequest
    codes = ("invalid_request", "auth_required", "not_found", "payload_too_large", "audit_unavailable")
    for code in codes:
        assert f"{code}: " in described["responses"][CATALOGUE[code].status].description
    assert 413 not in route("Read", "Read one")["responses"]
    assert described["responses"][503].description.count(" · ") == 1, "two codes of one status stand together"


def test_one_more_than_was_asked_for_says_that_there_is_more() -> None:
    assert cut([1, 2, 3], 2) == ([1, 2], True)
    assert cut([1, 2], 2) == ([1, 2], False)
