"""What is shipped: names, sources that agree, and packages that hold what they should and run alone."""

import importlib
import os
import pickle
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import limi_client
import limi_client.voice
from limi_client import ConflictError, EphemeralKey, LimiError, RateLimitError, SessionEndedError

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "limi_client"
PUBLIC = """
    APIConnectionError APIError APIResponseValidationError APIStatusError APITimeoutError Answer AsyncLimiAIClient
    AsyncLimiAIServiceIntegration AuthenticationError BadRequestError BlockingVoiceSession CallURLs Capability
    ConflictError EphemeralKey EphemeralKeyError ErrorCode Health InternalServerError LimiAIClient
    LimiAIServiceIntegration LimiError MicrophoneError NotFoundError PermissionDeniedError Ports RateLimitError
    SessionEndedError Tool UnsupportedPlatformError VoiceConnectionError VoiceError VoiceOptions VoiceSession
    __version__ tool
"""
_MOST_LINES = 500
_BASE = ["anyio", "certifi", "h11", "httpcore2", "httpx2", "idna", "sniffio", "truststore", "typing_extensions"]
"""What httpx2 brings."""


def _run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own commands
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both packages, built without the network."""
    folder = tmp_path_factory.mktemp("dist")
    built = _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_public_names_are_these() -> None:
    assert sorted(limi_client.__all__) == sorted(PUBLIC.split())
    for module in (limi_client, limi_client.voice):
        assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_each_module_says_why_it_exists() -> None:
    for path in SOURCE.rglob("*.py"):
        name = ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        if name != "limi_client.__main__":
            assert (importlib.import_module(name).__doc__ or "").strip(), name
        assert len(path.read_text().splitlines()) <= _MOST_LINES, path


def test_the_clients_without_await_are_what_their_sources_say() -> None:
    done = _run(sys.executable, "scripts/unasync.py", "--check")
    assert done.returncode == 0, done.stderr


def test_a_stale_client_without_await_is_noticed(tmp_path: Path) -> None:
    copy = tmp_path / "src" / "limi_client"
    copy.mkdir(parents=True)
    for path in SOURCE.glob("*.py"):
        (copy / path.name).write_text(path.read_text())
    (tmp_path / "scripts").mkdir()
    script = tmp_path / "scripts" / "unasync.py"
    script.write_text((ROOT / "scripts" / "unasync.py").read_text())
    (copy / "_sync_client.py").write_text("")
    done = _run(sys.executable, script, "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert "_sync_client.py" in done.stderr


def test_codes_are_those_of_the_servers_catalogue() -> None:
    from limi.kernel.errors import CATALOGUE  # noqa: PLC0415 - the server's; this test only

    from limi_client import _errors_generated as generated  # noqa: PLC0415 - as above

    assert {code: entry.message for code, entry in generated.CATALOGUE.items()} == {
        code: entry.message for code, entry in CATALOGUE.items()
    }


def test_the_wheel_holds_the_package_and_nothing_else(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    assert wheel.name == "limi_ai_client-1.0.0-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    code = {f"limi_client/{path.relative_to(SOURCE)}" for path in SOURCE.rglob("*.py")}
    about = {name for name in names if ".dist-info/" in name}
    assert set(names) - about == code | {"limi_client/py.typed"}
    assert {name.rpartition("/")[2] for name in about} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "LICENSE",
        "entry_points.txt",
    }


def test_the_packages_name_no_place_of_the_machine_they_were_built_on(packages: Path) -> None:
    (wheel,), (archive,) = packages.glob("*.whl"), packages.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    with tarfile.open(archive) as opened_archive:
        for member in filter(tarfile.TarInfo.isfile, opened_archive):
            held = opened_archive.extractfile(member)
            contents[member.name] = held.read() if held else b""
    assert [name for name, content in contents.items() if str(ROOT.parents[1]).encode() in content] == []
    licence = next(content for name, content in contents.items() if name.endswith("dist-info/licenses/LICENSE"))
    assert licence == (ROOT / "LICENSE").read_bytes()


def test_the_source_package_holds_what_a_build_needs_and_nothing_else(packages: Path) -> None:
    (archive,) = packages.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"src", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "PKG-INFO", ".gitignore"}
    assert not [name for name in names if name.startswith("src/") and not name.startswith("src/limi_client")]


def test_no_line_of_it_imports_the_server() -> None:
    importing = re.compile(r"^\s*(?:from|import)\s+limi(?:\.|\s|$)", re.MULTILINE)
    assert not [path for path in SOURCE.rglob("*.py") if importing.search(path.read_text())]


def test_the_readme_is_the_packages_description(packages: Path) -> None:
    (wheel,) = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        metadata = opened.read("limi_ai_client-1.0.0.dist-info/METADATA").decode()
    assert "Requires-Python: >=3.10" in metadata
    assert (ROOT / "README.md").read_text().strip() in metadata
    needed = re.findall(r"^Requires-Dist: (.+)$", metadata, re.MULTILINE)
    assert [line for line in needed if "extra ==" not in line] == ["httpx2<3,>=2.12"]


@pytest.fixture(scope="module")
def bare(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel and what its one dependency brings, and none of the extras."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    (wheel,) = packages.glob("*.whl")
    options = ("--quiet", "--no-index", "--no-deps")
    done = _run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel)
    assert done.returncode == 0, done.stderr
    (site,) = (folder / "lib").glob("python*/site-packages")
    installed = Path(importlib.import_module("httpx2").__file__ or "").parents[1]
    for name in _BASE:
        for found in (
            *installed.glob(name),
            *installed.glob(f"{name}.py"),
            *installed.glob(f"{name}-*.dist-info"),
        ):
            (site / found.name).symlink_to(found)
    return python


def test_it_works_alone_without_the_extras(bare: Path, shared_url: str) -> None:
    program = (
        "import sys; from limi_client import LimiAIClient; "
        f"print(LimiAIClient({shared_url!r}).generate_ephemeral_key().ephemeral_key[:3]); "
        "print(sorted(m for m in ('openai', 'rich', 'numpy', 'sounddevice', 'limi') if m in sys.modules))"
    )
    done = _run(bare, "-I", "-c", program)
    assert (done.stdout.split(), done.stderr) == (["ek_", "[]"], "")


def test_its_command_works_alone_and_says_what_talking_needs(bare: Path, shared_url: str) -> None:
    command = bare.with_name("limi-client")
    assert _run(command, "health", "--backend", shared_url).returncode == 0
    done = _run(command, "talk", "--text", "hello", "--backend", shared_url)
    assert done.returncode == 1
    assert "pip install 'limi-ai-client[cli]'" in done.stderr


def test_a_conversation_without_its_extra_says_how_to_get_it(bare: Path, shared_url: str) -> None:
    program = (
        "from limi_client import LimiAIClient, UnsupportedPlatformError\n"
        f"try: LimiAIClient({shared_url!r}).create_voice_session().connect()\n"
        "except UnsupportedPlatformError as error: print(error)\n"
    )
    done = _run(bare, "-I", "-c", program)
    assert "pip install 'limi-ai-client[voice]'" in done.stdout, done.stderr


def test_importing_is_quick_and_does_nothing() -> None:
    program = "import sys, threading, limi_client; print(threading.active_count(), 'openai' in sys.modules)"
    done = _run(sys.executable, "-c", program, PYTHONPATH=str(ROOT / "src"))
    assert (done.stdout.split(), done.stderr) == (["1", "False"], "")


def test_an_error_survives_being_handed_to_another_process() -> None:
    error = RateLimitError("rate_limit_exceeded", status_code=429, request_id="r1", retry_after_seconds=2.5)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is RateLimitError
    assert vars(again) == vars(error)
    assert str(again) == str(error)
    ended = pickle.loads(pickle.dumps(SessionEndedError("the budget is used up")))  # noqa: S301 - our own
    assert ended.reason == "the budget is used up"


def test_an_unknown_code_has_the_general_page() -> None:
    error = ConflictError("from_the_future", origin="http://limi")
    assert error.code == "from_the_future"
    assert error.reference == "http://limi/errors/unknown"
    assert isinstance(error, LimiError)


def test_what_is_handed_out_is_frozen() -> None:
    assert EphemeralKey.__dataclass_params__.frozen  # type: ignore[attr-defined] # not declared, but documented


def test_the_extras_are_the_ones_that_are_documented() -> None:
    readme = (ROOT / "README.md").read_text()
    for extra in ("voice", "mic", "cli", "soxr"):
        assert f"limi-ai-client[{extra}]" in readme


def test_the_reference_is_what_the_docstrings_say() -> None:
    done = _run(sys.executable, "scripts/reference.py", "--check")
    assert done.returncode == 0, done.stderr
    page = (ROOT / "REFERENCE.md").read_text()
    for name in (*limi_client.__all__, *limi_client.voice.__all__):
        kind = getattr(limi_client, name, None) or getattr(limi_client.voice, name)
        if isinstance(kind, type):
            assert f"### class `{name}" in page
