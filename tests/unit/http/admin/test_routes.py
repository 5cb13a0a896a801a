"""The operators' routes together."""

from tests.unit.http.admin.harness import Desk


async def test_every_route_is_described_by_name_summary_and_sentence(desk: Desk) -> None:
    handlers = desk.routes.handlers()
    names = [handler.operation_id for handler in handlers]
    assert len(names) == len(set(names)) == 33
    for handler in handlers:
        assert handler.summary
        assert (handler.fn.__doc__ or "").strip()


async def test_they_are_made_anew_each_time(desk: Desk) -> None:
    assert not set(map(id, desk.routes.handlers())) & set(map(id, desk.routes.handlers()))


async def test_all_of_them_are_below_one_path(desk: Desk) -> None:
    for handler in desk.routes.handlers():
        assert all(path.startswith("/api/admin/") for path in handler.paths)
