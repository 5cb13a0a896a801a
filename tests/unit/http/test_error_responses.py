"""What the API's description says of the errors that a route may answer with."""

from limi.http.error_responses import error_responses
from limi.http.errors import ErrorBody
from limi.kernel.errors import CATALOGUE


def test_errors_of_one_status_share_its_response() -> None:
    found = error_responses(["forbidden", "tenant_suspended", "auth_required"])
    assert sorted(found) == [401, 403]
    both = (f"{code}: {CATALOGUE[code].message}" for code in ("forbidden", "tenant_suspended"))
    assert found[403].description == " · ".join(both)
    assert found[401].data_container is ErrorBody


def test_a_code_that_no_server_answers_with_counts_as_the_servers_fault() -> None:
    (client_code,) = (code for code in ("network_error",) if CATALOGUE[code].status is None)
    assert list(error_responses([client_code])) == [500]
