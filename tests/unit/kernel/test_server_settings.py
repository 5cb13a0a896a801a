"""What holds of the server before anyone sets anything, and what may not be said of it."""

import pytest

from limi.adapters.configuration import load_settings
from limi.kernel.server_settings import ServerSettings
from limi.kernel.settings import SettingsError


def test_a_laptops_server_is_nobody_elses() -> None:
    assert load_settings({}).server == ServerSettings()
    assert (ServerSettings().host, ServerSettings().port, ServerSettings().workers) == ("127.0.0.1", 3001, 1)


@pytest.mark.parametrize(
    "url",
    ["https://user:password@example.com", "example.com", "ftp://example.com", "https://example.com/?a=b"],
)
def test_a_public_url_has_no_password_and_no_query(url: str) -> None:
    with pytest.raises(SettingsError, match="LIMI_PUBLIC_URL"):
        load_settings({"LIMI_PUBLIC_URL": url})
