"""The issuer's documents over TLS, from nobody but the issuer."""

import ssl
from pathlib import Path

import pytest
import trustme

from limi.adapters.oidc.fetching import HTTPSFetch
from limi.adapters.oidc.key_source import FetchError, KeySource
from limi.adapters.oidc.verifier import OIDCVerifier
from limi.kernel.clock import SystemClock
from limi.kernel.settings import OIDCSettings
from limi.testing import FakeIssuer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority in the way an operator adds one: OpenSSL's SSL_CERT_FILE."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def _fetch(max_bytes: int = 65_536) -> HTTPSFetch:
    return HTTPSFetch(timeout_seconds=10, max_bytes=max_bytes, user_agent="test")


@pytest.mark.usefixtures("trusting")
class TestWithATrustedAuthority:
    async def test_a_token_is_checked_with_keys_that_came_over_tls(self, tls: ssl.SSLContext) -> None:
        async with FakeIssuer().running(tls) as issuer:
            settings = OIDCSettings(issuer=issuer.url, audience=(issuer.audience,))
            clock = SystemClock()
            keys = KeySource(settings=settings, fetch=_fetch(), clock=clock)
            verifier = OIDCVerifier(settings=settings, keys=keys, clock=clock)
            assert (await verifier.verify(issuer.token())).user == "user-1"
            await verifier.close()
        assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]

    async def test_anything_but_200_is_no_document(self, tls: ssl.SSLContext) -> None:
        async with FakeIssuer().running(tls) as issuer:
            issuer.down = True
            with pytest.raises(FetchError, match="answered 503"):
                await _fetch()(f"{issuer.url}/keys")

    async def test_a_document_that_is_too_large_is_not_read(self, tls: ssl.SSLContext) -> None:
        async with FakeIssuer().running(tls) as issuer:
            with pytest.raises(FetchError, match="more than 20 bytes"):
                await _fetch(max_bytes=20)(f"{issuer.url}/keys")

    async def test_a_query_is_sent_and_a_bare_host_asked_at_its_root(self, tls: ssl.SSLContext) -> None:
        async with FakeIssuer().running(tls) as issuer:
            for end in ("/keys?p=one", "", "?p=two"):
                with pytest.raises(FetchError):
                    await _fetch()(issuer.url + end)
        assert issuer.asked == ["/keys?p=one", "/", "/?p=two"]


async def test_a_server_nobody_vouches_for_gives_no_keys(tls: ssl.SSLContext) -> None:
    async with FakeIssuer().running(tls) as issuer:
        with pytest.raises(FetchError, match="certificate"):
            await _fetch()(f"{issuer.url}/keys")
    assert issuer.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/keys", "file:///etc/passwd", "https://a.test/\r\nx: y", "", "/"]
)
async def test_a_url_that_is_none_of_https_is_not_asked(url: str) -> None:
    with pytest.raises(FetchError, match="https"):
        await _fetch()(url)
