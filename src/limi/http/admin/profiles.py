"""`/api/admin/profiles`: session configs in the database, of a tenant or of all."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, Response, delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from limi.features.profiles.service import ProfileService
from limi.http.admin.answers import ProfileAnswer, ProfilesAnswer, ProfileSummary, VersionsAnswer
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.profile_members import ProfileMembers, profile_of
from limi.http.admin.requests import ListProfilesQuery, ListVersionsQuery, OfTenantQuery, ProfileQuery, given

__all__ = ["ProfileRoutes"]

_PATH: Final = "/api/admin/profiles"


class ProfileRoutes:
    """The handlers, given the service."""

    def __init__(self, *, profiles: ProfileService, desk: FrontDesk) -> None:
        self._profiles = profiles
        self._desk = desk

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        one = f"{_PATH}/{{name:str}}"
        put_profile = route(
            "PutProfile", "Make a new version", body=ProfileMembers, query=OfTenantQuery, changes=True
        )
        delete_profile = route("DeleteProfile", "Delete a profile", "not_found", query=OfTenantQuery, changes=True)
        return (
            get(_PATH, **route("ListProfiles", "List profiles", query=ListProfilesQuery))(self._list),
            get(one, **route("GetProfile", "Show a profile", "not_found", query=ProfileQuery))(self._get),
            put(one, status_code=201, **put_profile)(self._put),
            get(
                f"{one}/versions",
                **route("ListVersions", "List a profile's versions", "not_found", query=ListVersionsQuery),
            )(self._versions),
            delete(one, status_code=200, **delete_profile)(self._delete),
        )

    async def _list(self, request: Request[Any, Any, Any]) -> Response[ProfilesAnswer]:
        """List the profiles of a tenant, or without one the global ones; not those of the configuration."""
        visit, query = await self._desk.admit(request, ListProfilesQuery)
        found = await self._profiles.list(
            tenant=given(query.tenant), after=given(query.after), limit=query.limit + 1, by=visit.principal
        )
        page, more = cut(found, query.limit)
        answer = ProfilesAnswer(profiles=list(map(ProfileSummary.of, page)), next=page[-1].name if more else None)
        return Response(answer, headers=NO_STORE)

    async def _get(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[ProfileAnswer]:
        """Show a profile's newest version, or the one asked for."""
        visit, query = await self._desk.admit(request, ProfileQuery)
        found = await self._profiles.get(
            name, tenant=given(query.tenant), version=given(query.version), by=visit.principal
        )
        return Response(ProfileAnswer.of(found), headers=NO_STORE)

    async def _put(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[ProfileAnswer]:
        """Make a new version, which mints use from then on; versions never change. It says all members anew."""
        visit, query = await self._desk.admit(request, OfTenantQuery)
        members = await self._desk.read_body(request, ProfileMembers)
        made = await self._profiles.put(
            name, profile_of(members), tenant=given(query.tenant), by=visit.principal, origin=visit.origin
        )
        return Response(ProfileAnswer.of(made), status_code=201, headers=NO_STORE)

    async def _versions(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[VersionsAnswer]:
        """List a profile's versions, the newest first, deletions too."""
        visit, query = await self._desk.admit(request, ListVersionsQuery)
        found = await self._profiles.versions(
            name, tenant=given(query.tenant), limit=query.limit, by=visit.principal
        )
        return Response(VersionsAnswer(versions=list(map(ProfileSummary.of, found))), headers=NO_STORE)

    async def _delete(self, request: Request[Any, Any, Any], name: FromPath[str]) -> Response[ProfileSummary]:
        """Have the name mean what it meant without this profile; its versions stay to be read."""
        visit, query = await self._desk.admit(request, OfTenantQuery)
        deletion = await self._profiles.delete(
            name, tenant=given(query.tenant), by=visit.principal, origin=visit.origin
        )
        return Response(ProfileSummary.of(deletion), headers=NO_STORE)
