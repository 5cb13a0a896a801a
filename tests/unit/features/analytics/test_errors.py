from limi.features.analytics.errors import AnalyticsUnavailableError, InvalidUsageQueryError
from limi.kernel.errors import CATALOGUE


def test_codes_are_the_catalogues() -> None:
    assert CATALOGUE[AnalyticsUnavailableError("away").code].status == 503
    wrong = InvalidUsageQueryError(field="since", rule="must be before `until`")
    assert CATALOGUE[wrong.code].status == 400
    assert str(wrong) == "since: must be before `until`"
