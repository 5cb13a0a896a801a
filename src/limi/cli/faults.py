"""The faults with which `limi sandbox --faults` starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limi.kernel.settings import SettingsError

if TYPE_CHECKING:
    from limi.sandbox.faults.injection import FaultInjection
    from limi.sandbox.faults.rules import FaultRules
    from limi.sandbox.scripts import Script

__all__ = ["FaultRulesFile", "Faults", "fault_injection"]

Faults = Annotated[bool, typer.Option("--faults", help="Let clients ask for faults, for tests only.")]
FaultRulesFile = Annotated[
    Path | None, typer.Option(help="YAML file of faults from the start; implies --faults.", dir_okay=False)
]


def fault_injection(
    *, enabled: bool, rules_file: Path | None, script: "Script | None" = None
) -> "FaultInjection | None":
    """Return what lets things go wrong, or None where nothing may.

    Args:
        enabled: Whether clients may ask for faults, by header or by the admin route.
        rules_file: YAML or JSON with rules that hold from the start; giving it enables faults as well.
        script: May have rules too, which do not enable faults: a script is taken from elsewhere more readily.

    Raises:
        SettingsError: A file cannot be read or breaks a rule, or a script has rules where nothing may go wrong.
            The message names the member.
    """
    if not enabled and rules_file is None:
        if script is not None and script.faults:
            raise SettingsError(f"--script: {script.source} has faults, which need --faults.")
        return None
    import asyncio  # noqa: PLC0415 - keeps `limi --help` quick

    from limi.sandbox.faults.injection import FaultInjection  # noqa: PLC0415
    from limi.sandbox.faults.rules import FaultRules  # noqa: PLC0415

    rules = FaultRules()
    if rules_file is not None:
        _read(rules_file, rules)
    if script is not None:
        _hold(script, rules)
    return FaultInjection(rules=rules, sleep=asyncio.sleep)


def _read(file: Path, rules: "FaultRules") -> None:
    import yaml  # noqa: PLC0415

    from limi.protocol import ProtocolError  # noqa: PLC0415
    from limi.sandbox.faults.rules import parse_rules  # noqa: PLC0415

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        rules.hold(*parse_rules(content["faults"] if _has_faults(content) else content))
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"--fault-rules: {file} cannot be read: {exc}."
        raise SettingsError(msg) from exc
    except yaml.YAMLError as exc:
        msg = f"--fault-rules: {file} is not YAML: {exc}."
        raise SettingsError(msg) from exc
    except ProtocolError as exc:
        msg = f"--fault-rules: {file}: {exc.message}"
        raise SettingsError(msg) from exc


def _hold(script: "Script", rules: "FaultRules") -> None:
    from limi.protocol import ProtocolError  # noqa: PLC0415
    from limi.sandbox.faults.rules import parse_script_rules  # noqa: PLC0415
    from limi.sandbox.scripts import ScriptError  # noqa: PLC0415

    try:
        rules.hold(*parse_script_rules(script))
    except ScriptError as exc:
        raise SettingsError(f"--script: {exc}.") from exc
    except ProtocolError as exc:
        raise SettingsError(f"--script: {script.source}: {exc.message}") from exc


def _has_faults(content: object) -> bool:
    return isinstance(content, dict) and set(content) == {"faults"}
