"""The faults with which `limi sandbox --faults` starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limi.kernel.settings import SettingsError

if TYPE_CHECKING:
    from limi.sandbox.faults import FaultRules
    from limi.sandbox.http.faults import FaultInjection

__all__ = ["FaultRulesFile", "Faults", "fault_injection"]

Faults = Annotated[bool, typer.Option("--faults", help="Let clients ask for faults, for tests only.")]
FaultRulesFile = Annotated[
    Path | None, typer.Option(help="YAML file of faults from the start; implies --faults.", dir_okay=False)
]


def fault_injection(*, enabled: bool, rules_file: Path | None) -> "FaultInjection | None":
    """Return what lets things go wrong, or None where nothing may.

    Args:
        enabled: Whether clients may ask for faults, by header or by the admin route.
        rules_file: YAML or JSON with rules that hold from the start; giving it enables faults as well.

    Raises:
        SettingsError: The file cannot be read or breaks a rule; the message names the member.
    """
    if not enabled and rules_file is None:
        return None
    import asyncio  # noqa: PLC0415 - keeps `limi --help` quick

    from limi.sandbox.faults import FaultRules  # noqa: PLC0415
    from limi.sandbox.http.faults import FaultInjection  # noqa: PLC0415

    rules = FaultRules()
    if rules_file is not None:
        _read(rules_file, rules)
    return FaultInjection(rules=rules, sleep=asyncio.sleep)


def _read(file: Path, rules: "FaultRules") -> None:
    import yaml  # noqa: PLC0415

    from limi.protocol import ProtocolError  # noqa: PLC0415
    from limi.sandbox.faults import parse_rules  # noqa: PLC0415

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


def _has_faults(content: object) -> bool:
    return isinstance(content, dict) and set(content) == {"faults"}
