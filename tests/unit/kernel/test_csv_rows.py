import csv
import io

import pytest

from limi.kernel.csv_rows import csv_row


def test_a_row_is_read_back_as_it_was() -> None:
    row = csv_row(["a,b", 'say "x"', "two\nlines", "Größe", 7, 0.5, None])
    assert row.endswith(b"\r\n")
    assert next(csv.reader(io.StringIO(row.decode(), newline=""))) == [
        "a,b",
        'say "x"',
        "two\nlines",
        "Größe",
        "7",
        "0.5",
        "",
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_a_text_that_a_spreadsheet_would_run_is_a_text(text: str) -> None:
    """CWE-1236. A number is one, whatever it begins with."""
    (cell,) = next(csv.reader(io.StringIO(csv_row([text]).decode(), newline="")))
    assert cell == f"'{text}"
    assert csv_row([-1]) == b"-1\r\n"
