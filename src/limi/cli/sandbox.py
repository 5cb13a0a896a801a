"""`limi sandbox`: the offline OpenAI alone, for those who point an SDK straight at it."""

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limi.adapters.key_files import FOLDER
from limi.cli.brains import (
    APIKeyFile,
    BaseURL,
    BrainChoice,
    BrainKind,
    BrainModel,
    ScriptFile,
    choose_brain,
    read_script,
)
from limi.cli.faults import FaultRulesFile, Faults, fault_injection
from limi.cli.listening import bind_socket
from limi.cli.readiness import Announcement, PrintJSON, ReadyFile, WithParent, exit_with_parent, keep_output_clean
from limi.cli.server import run_server
from limi.cli.speech import DEFAULT_SPEECH_DIR, SPEECH_DIR
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.kernel.settings import SettingsError
from limi.sandbox.speech.choice import SpeechLevel

if TYPE_CHECKING:
    from limi.sandbox.tls import CertificateAuthority

__all__ = ["sandbox"]


def _ip(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as exc:
        raise typer.BadParameter(f"{text!r} is no IP address") from exc


def sandbox(  # noqa: PLR0913 - one parameter for each option
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks one.")] = 3010,
    public_ip: Annotated[
        str, typer.Option(parser=_ip, metavar="IP", help="Address that WebRTC clients are told to send sound to.")
    ] = "127.0.0.1",
    speech: Annotated[
        SpeechLevel,
        typer.Option(
            help="How well it hears and speaks: all that is installed, or the small parts.", envvar="LIMI_SPEECH"
        ),
    ] = SpeechLevel.AUTO,
    speech_dir: Annotated[Path, SPEECH_DIR] = DEFAULT_SPEECH_DIR,
    script: ScriptFile = None,
    brain: BrainChoice = BrainKind.BUILT_IN,
    base_url: BaseURL = None,
    brain_model: BrainModel = None,
    api_key_file: APIKeyFile = None,
    tls: Annotated[bool, typer.Option("--tls", help="Answer by TLS, with a CA kept in .limi/tls.")] = False,
    faults: Faults = False,
    fault_rules: FaultRulesFile = None,
    print_json: PrintJSON = False,
    ready_file: ReadyFile = None,
    with_parent: WithParent = False,
) -> None:
    """Run the offline OpenAI Realtime API; any API key is accepted, and nothing leaves this machine."""
    from limi.sandbox.app import SandboxConfig, create_sandbox  # noqa: PLC0415 - keeps `limi --help` quick

    keep_output_clean()
    authority = _authority() if tls else None
    ca_file = authority.certificate_file if authority else None
    announce = Announcement(as_json=print_json, ready_file=ready_file, ca_file=ca_file)
    scripted = read_script(script)
    injection = fault_injection(enabled=faults, rules_file=fault_rules, script=scripted)
    answering = choose_brain(brain, base_url=base_url, model=brain_model, api_key_file=api_key_file)
    with bind_socket(host, port, host_setting="--host", port_setting="--port") as listener:
        config = SandboxConfig(public_ip=public_ip, speech=speech, speech_dir=speech_dir)
        app = create_sandbox(
            config,
            clock=SystemClock(),
            ids=RandomIds(),
            brain=answering,
            script=scripted,
            interference=injection,
        )
        if with_parent:
            exit_with_parent()
        run_server(
            app,
            host=host,
            port=port,
            listener=listener,
            shutdown_seconds=5,
            announce=announce,
            farewell=app.stop,
            tls=authority.server_context(host) if authority else None,
        )


def _authority() -> "CertificateAuthority":
    from limi.sandbox.tls import CertificateAuthority, TLSFolderError  # noqa: PLC0415

    try:
        return CertificateAuthority(FOLDER / "tls", now=SystemClock().now())
    except TLSFolderError as exc:
        raise SettingsError(str(exc)) from exc
