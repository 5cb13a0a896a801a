"""The types that operators' requests are made of, each with its rule in words.

The services check the same rules again, because they have other callers; here they feed the API's description.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from limi.kernel.facts import EventName
from limi.kernel.principal import Scope

__all__ = [
    "MOST_PER_PAGE",
    "Event",
    "Limit",
    "Models",
    "Moment",
    "Name",
    "Origins",
    "OverlapSeconds",
    "PerMinute",
    "Place",
    "ProfileNames",
    "Scopes",
    "SecondsToLive",
    "Seq",
    "TenantID",
    "Version",
    "Word",
]

MOST_PER_PAGE: Final = 100
"""Things in one answer: some 50 KB, made in a few milliseconds, so that listing never holds the loop."""

_MOST_NAMES: Final = 100
_MOST_PER_MINUTE: Final = 1_000_000
_MOST_OVERLAP_SECONDS: Final = 30 * 86_400
_MOST_SEQ: Final = 2**63 - 1
_MOST_VERSIONS: Final = 2**31 - 1

# Lists rather than sets: what is given twice is fine, and a set's description would forbid it.
_Model = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,100}\Z")]
_Profile = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
_Origin = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]

Name = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}\Z",
        description="a text of 1–100 characters without control characters",
    ),
]
TenantID = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,40}\Z", description="a tenant's id: 1–40 characters of a–z 0–9 -")
]
Scopes = Annotated[
    list[Scope],
    msgspec.Meta(min_length=1, max_length=_MOST_NAMES, description=f"an array of {', '.join(Scope)}"),
]
Models = Annotated[
    list[_Model],
    msgspec.Meta(min_length=1, max_length=_MOST_NAMES, description="an array of 1–100 models; null for all"),
]
ProfileNames = Annotated[
    list[_Profile],
    msgspec.Meta(min_length=1, max_length=_MOST_NAMES, description="an array of 1–100 profiles; null for all"),
]
Origins = Annotated[
    list[_Origin],
    msgspec.Meta(
        min_length=1,
        max_length=_MOST_NAMES,
        description="an array of 1–100 origins such as https://app.example.com; null for every use",
    ),
]
PerMinute = Annotated[
    int,
    msgspec.Meta(
        ge=1,
        le=_MOST_PER_MINUTE,
        description=f"a whole number from 1 to {_MOST_PER_MINUTE}; null for no limit of its own",
    ),
]
SecondsToLive = Annotated[
    int, msgspec.Meta(ge=10, le=7200, description="a whole number of seconds from 10 to 7200; null for no bound")
]
OverlapSeconds = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=_MOST_OVERLAP_SECONDS,
        description=f"a whole number of seconds from 0 to {_MOST_OVERLAP_SECONDS}, which is 30 days",
    ),
]
Moment = Annotated[
    datetime, msgspec.Meta(tz=True, description="an ISO 8601 time with its offset, such as 2027-01-31T12:00:00Z")
]
Limit = Annotated[
    int, msgspec.Meta(ge=1, le=MOST_PER_PAGE, description=f"a whole number from 1 to {MOST_PER_PAGE}")
]
Place = Annotated[
    str,
    msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]{1,100}\Z", description="`next` of the answer that came before"),
]
Seq = Annotated[
    int,
    msgspec.Meta(ge=0, le=_MOST_SEQ, description="a `seq`: entries after it, in order; 0 for the oldest"),
]
Version = Annotated[int, msgspec.Meta(ge=1, le=_MOST_VERSIONS, description="a whole number from 1")]
Event = Annotated[EventName, msgspec.Meta(description="the name of an event, such as key.created")]
Word = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^\x00-\x1f\x7f]{1,300}\Z", description="a text of 1–300 characters without control characters"
    ),
]
