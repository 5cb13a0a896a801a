import pytest

from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.errors import InvalidEndpointError
from limi.features.webhooks.rules import MAX_URL_LENGTH, WEBHOOK_RULES, allowed_kinds, check_endpoint, check_url

PUBLIC = allowed_kinds(development=False, private=False)
DEVELOPMENT = allowed_kinds(development=True, private=False)
PRIVATE = allowed_kinds(development=False, private=True)


def test_development_may_reach_this_machine_and_only_a_setting_opens_more() -> None:
    assert frozenset({AddressKind.PUBLIC}) == PUBLIC
    assert frozenset({AddressKind.PUBLIC, AddressKind.LOOPBACK}) == DEVELOPMENT
    assert frozenset({AddressKind.PUBLIC, AddressKind.LOOPBACK, AddressKind.PRIVATE}) == PRIVATE


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/path?query=1",
        "https://hooks.example",
        "https://hooks.example:8443/",
        "https://HOOKS.example./",
        "https://93.184.216.34/",
        "https://[2606:4700::1111]/",
        "https://xn--bcher-kva.example/",
        "https://a.example/" + "x" * (MAX_URL_LENGTH - 18),
    ],
)
def test_ordinary_urls_are_fine(url: str) -> None:
    check_url(url, PUBLIC)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "url"),
        ("hooks.example", "url"),
        ("ftp://hooks.example/", "url"),
        ("https://", "url"),
        ("https:///path", "url"),
        ("https://user@hooks.example/", "url"),
        ("https://user:password@hooks.example/", "url"),
        ("https://hooks.example/#fragment", "url"),
        ("https://hooks.example/#", "url"),
        ("https://hooks.example/a b", "url"),
        ("https://hooks.example/\r\nx: y", "url"),
        ("https://hooks.example\\@evil.example/", "url"),
        ("https://bücher.example/", "url"),
        ("https://hooks..example/", "url"),
        ("https://-hooks.example/", "url"),
        ("https://under_score.example/", "url"),
        ("https://" + "a." * 130 + "example/", "url"),
        ("https://[::1", "url"),
        ("https://hooks.example:0/", "url"),
        ("https://hooks.example:99999/", "url"),
        ("https://a.example/" + "x" * MAX_URL_LENGTH, "url"),
        ("http://hooks.example/", "url.http"),
        ("http://93.184.216.34/", "url.http"),
        ("https://hooks.example:25/", "url.port"),
        ("https://hooks.example:80/", "url.port"),
        ("https://169.254.169.254/", "url.reserved"),
        ("https://127.0.0.1/", "url.address"),
        ("https://localhost/", "url.address"),
        ("https://[::1]/", "url.address"),
        ("https://[::ffff:10.0.0.1]/", "url.address"),
        ("https://10.0.0.1/", "url.address"),
    ],
)
def test_a_url_that_breaks_a_rule_is_told_which(url: str, rule: str) -> None:
    with pytest.raises(InvalidEndpointError) as raised:
        check_url(url, PUBLIC)
    assert (raised.value.field, raised.value.rule) == ("url", WEBHOOK_RULES[rule])


@pytest.mark.parametrize("url", ["http://localhost:8080/", "http://127.0.0.1:3000/x", "http://[::1]:3000/"])
def test_plain_http_is_for_this_machine_where_it_is_allowed(url: str) -> None:
    for kinds in (DEVELOPMENT, PRIVATE):
        check_url(url, kinds)
    with pytest.raises(InvalidEndpointError):
        check_url(url, PUBLIC)


@pytest.mark.parametrize("url", ["http://10.0.0.1:8080/", "https://169.254.169.254/", "https://[fd00:ec2::254]/"])
def test_no_setting_allows_plain_http_to_others_or_metadata_services(url: str) -> None:
    with pytest.raises(InvalidEndpointError):
        check_url(url, PRIVATE)


def test_private_addresses_are_fine_where_they_are_allowed() -> None:
    check_url("https://10.0.0.1:8443/", PRIVATE)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"events": frozenset({"token.generated", "nonsense"})}, "events"),
        ({"events": frozenset({"webhook.test"})}, "events"),
        ({"events": frozenset({"token.announced"})}, "events"),
        ({"description": "x" * 201}, "description"),
        ({"description": "two\nlines"}, "description"),
        ({"url": "http://hooks.example/"}, "url"),
    ],
)
def test_a_member_that_breaks_its_rule_is_named(members: dict[str, object], field: str) -> None:
    fine = {"url": "https://hooks.example/", "events": frozenset({"token.generated"}), "description": "a receiver"}
    check_endpoint(**fine, kinds=PUBLIC)  # type: ignore[arg-type]
    with pytest.raises(InvalidEndpointError) as raised:
        check_endpoint(**{**fine, **members}, kinds=PUBLIC)  # type: ignore[arg-type]
    assert raised.value.field == field
