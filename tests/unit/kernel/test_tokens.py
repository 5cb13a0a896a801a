from limi.kernel.tokens import InvalidTokenError


def test_the_rule_that_was_broken_is_the_message() -> None:
    assert str(InvalidTokenError("it is too long")) == "it is too long"
