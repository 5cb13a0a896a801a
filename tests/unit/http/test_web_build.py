"""The voice page's files as they are read from disk."""

import gzip
from pathlib import Path

from limi.http.web_build import read_build


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


def test_a_build_is_its_index_and_its_assets(tmp_path: Path) -> None:
    _write(tmp_path, {"index.html": b"<html>", "assets/page-1.js": b"run()", "assets/page-1.css": b"p{}"})
    build = read_build(tmp_path)
    assert build is not None
    assert (build.index.body, build.index.media_type) == (b"<html>", "text/html")
    assert {name: file.media_type for name, file in build.assets.items()} == {
        "page-1.js": "text/javascript",
        "page-1.css": "text/css",
    }


def test_a_gzipped_twin_belongs_to_its_file_and_is_none_itself(tmp_path: Path) -> None:
    twin = gzip.compress(b"run()")
    _write(tmp_path, {"index.html": b"<html>", "assets/page.js": b"run()", "assets/page.js.gz": twin})
    build = read_build(tmp_path)
    assert build is not None
    assert set(build.assets) == {"page.js"}
    assert build.assets["page.js"].gzipped == twin
    assert build.index.gzipped is None


def test_what_a_page_does_not_load_is_left_out(tmp_path: Path) -> None:
    _write(tmp_path, {"index.html": b"<html>", "assets/page.js.map": b"{}", "assets/.env": b"secret"})
    build = read_build(tmp_path)
    assert build is not None
    assert build.assets == {}


def test_the_same_content_has_the_same_tag_and_other_content_another(tmp_path: Path) -> None:
    tags = []
    for body in (b"one", b"one", b"two"):
        _write(tmp_path, {"index.html": body, "assets/page.js": b""})
        build = read_build(tmp_path)
        assert build is not None
        tags.append(build.index.etag)
    assert tags[0] == tags[1] != tags[2]


def test_without_an_index_or_its_assets_there_is_no_build(tmp_path: Path) -> None:
    assert read_build(tmp_path / "nowhere") is None
    _write(tmp_path, {"index.html": b"<html>"})
    assert read_build(tmp_path) is None
