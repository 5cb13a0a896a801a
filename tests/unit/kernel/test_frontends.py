from limi.kernel.frontends import Frontend


def test_the_kinds_are_the_contracts() -> None:
    assert [kind.value for kind in Frontend] == ["react", "vue", "angular", "electron", "mobile", "unknown"]
