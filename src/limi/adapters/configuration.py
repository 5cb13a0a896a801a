"""Reads settings from a TOML file and the environment; nothing else in Limi looks at either.

What is given later wins: built-in defaults, the environment's (development, staging, production), the file, the
environment variables, the command line. A mistake stops the start with a sentence that names the setting.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import inspect

from limi.adapters.proxies import is_usable_proxy, proxy_from
from limi.adapters.upstream.transports import OPENAI_URL
from limi.kernel.secret import Secret
from limi.kernel.settings import ENVIRONMENT_DEFAULTS, GROUPS, Environment, Settings, SettingsError
from limi.kernel.type_words import type_in_words

__all__ = ["SettingInfo", "load_settings", "setting_infos"]

_PATH: Final = re.compile(r"^(?P<rule>.*) - at (`key` in )?`\$\.?(?P<path>[^`]*)`$", re.DOTALL)
_INDEX: Final = re.compile(r"\[[^\]]*\]")
_OF_THE_CLIENTS: Final = frozenset({"LIMI_CONFIG", "LIMI_API_KEY"})
"""Variables that name the file, or the key that `limi mint` sends; both may stand in a server's environment."""
_OF_KUBERNETES: Final = ("LIMI_SERVICE_", "LIMI_PORT_")
"""What Kubernetes adds to every pod beside a Service named `limi`
(https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables)."""
_OF_FILES: Final = ("_FILE", "_DIR")
"""Ends of variables that name files, whose names need not be text."""
_NO_TEXT: Final = re.compile("[\ud800-\udfff]")
"""What Python makes of bytes in a variable that are no UTF-8 (PEP 383)."""
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<name>[^`]*)`$")


@dataclass(frozen=True, slots=True)
class SettingInfo:
    """What the documentation and the loader need to know of one setting."""

    path: str
    """Its place in the file, such as `upstream.timeout_seconds`."""
    env: str
    """The environment variable that sets it."""
    description: str
    annotation: Any
    default: object


def setting_infos() -> Iterator[SettingInfo]:
    """Yield every setting in the order of the reference table."""
    yield _info(Settings, "env", "")
    for group, cls in GROUPS.items():
        for name in cls.__struct_fields__:
            yield _info(cls, name, group)
    yield _info(Settings, "profiles", "")


def load_settings(
    environ: Mapping[str, str] | None = None,
    *,
    file: Path | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Build the settings.

    Args:
        environ: the environment variables; the process's own unless given.
        file: a TOML file; `LIMI_CONFIG` names it unless given.
        overrides: values by path (`server.port`), from a command line; None values are left out.

    Raises:
        SettingsError: naming the setting that is wrong.
    """
    environ = os.environ if environ is None else environ
    path = file or (Path(environ["LIMI_CONFIG"]) if environ.get("LIMI_CONFIG") else None)
    given = _read_file(path) if path else {}
    _merge(given, _from_environ(environ))
    _merge(given, _tree({k: v for k, v in (overrides or {}).items() if v is not None}))
    tree: dict[str, Any] = {}
    _merge(tree, ENVIRONMENT_DEFAULTS[_environment(given)])
    _merge(tree, given)
    # Requests that name no profile use this one, so it is there even where a file describes others only.
    if isinstance(profiles := tree.setdefault("profiles", {}), dict):
        profiles.setdefault("default", {})
    return _with_proxy(_convert(tree), environ)


def _with_proxy(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Add the proxies that the usual variables name, unless they were set."""
    upstream, oidc = settings.upstream, settings.oidc
    if not settings.embeds_sandbox:
        url = upstream.url or OPENAI_URL
        proxy = _proxy(upstream.proxy, "LIMI_UPSTREAM_PROXY (upstream.proxy)", url, environ)
        upstream = msgspec.structs.replace(upstream, proxy=proxy)
    if oidc.issuer:
        proxy = _proxy(oidc.proxy, "LIMI_OIDC_PROXY (oidc.proxy)", oidc.jwks_url or oidc.issuer, environ)
        oidc = msgspec.structs.replace(oidc, proxy=proxy)
    if settings.webhooks.proxy is not None:
        _check_proxy(settings.webhooks.proxy, "LIMI_WEBHOOKS_PROXY (webhooks.proxy)")
    return msgspec.structs.replace(settings, upstream=upstream, oidc=oidc)


def _proxy(given: Secret | None, name: str, url: str, environ: Mapping[str, str]) -> Secret | None:
    """Return the proxy that was set or that the usual variables name for `url`, and refuse one not spoken."""
    if given is None:
        found = proxy_from(environ, url)
        if found is None:
            return None
        given, name = Secret(found), f"{urlsplit(url).scheme.upper()}_PROXY"
    _check_proxy(given, name)
    return given


def _check_proxy(proxy: Secret, name: str) -> None:
    if not is_usable_proxy(proxy.reveal()):
        msg = f"{name} must be a URL such as http://user:password@proxy.example:3128; other kinds are not spoken."
        raise SettingsError(msg)


def _info(cls: type[msgspec.Struct], name: str, group: str) -> SettingInfo:
    hint = get_type_hints(cls, include_extras=True)[name]
    meta = next(arg for arg in get_args(hint) if isinstance(arg, msgspec.Meta))
    prefix = f"LIMI_{group.upper()}_" if group else "LIMI_"
    return SettingInfo(
        path=f"{group}.{name}" if group else name,
        env=(meta.extra or {}).get("env", f"{prefix}{name.upper()}"),
        description=meta.description or "",
        annotation=get_args(hint)[0],
        default=getattr(cls(), name),
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        msg = f"LIMI_CONFIG: the file {path} cannot be read: {exc.strerror}."
        raise SettingsError(msg) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        msg = f"LIMI_CONFIG: the file {path} is not TOML: {exc}."
        raise SettingsError(msg) from exc


def _from_environ(environ: Mapping[str, str]) -> dict[str, Any]:
    """Collect the settings that environment variables give; an empty variable counts as absent."""
    known = {info.env: info for info in setting_infos()}
    for name in environ:
        others = name in _OF_THE_CLIENTS or name.startswith(_OF_KUBERNETES)
        if name.startswith("LIMI_") and name not in known and not others:
            msg = f"{name} is not a setting of Limi. `limi serve --help` lists them all."
            raise SettingsError(msg)
    if environ.get("LIMI_PORT", "").startswith("tcp://"):
        raise SettingsError(
            "LIMI_PORT (server.port) is no number but what Kubernetes sets for a Service named limi; set "
            "`enableServiceLinks: false` in the pod's specification, or LIMI_PORT itself."
        )
    return _tree({info.path: _parse(environ[name], info) for name, info in known.items() if environ.get(name)})


def _parse(text: str, info: SettingInfo) -> object:
    """Turn a variable's text into what the file would hold: lists by comma, tables as JSON."""
    if _NO_TEXT.search(text) and not info.env.endswith(_OF_FILES):
        raise SettingsError(f"{info.env} ({info.path}) must be text in UTF-8.")
    origin = get_origin(info.annotation)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if origin is not None and issubclass(dict, origin if isinstance(origin, type) else int):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError as exc:
            msg = f"{info.env} must be a JSON object: {exc}."
            raise SettingsError(msg) from exc
    return text


def _environment(given: Mapping[str, Any]) -> Environment:
    name = given.get("env", Environment.DEVELOPMENT)
    try:
        return Environment(name)
    except ValueError:
        choices = ", ".join(Environment)
        msg = f"LIMI_ENV must be one of {choices}, not {name!r}."
        raise SettingsError(msg) from None


def _tree(flat: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        group, _, name = path.rpartition(".")
        (tree.setdefault(group, {}) if group else tree)[name] = value
    return tree


def _merge(target: dict[str, Any], source: Mapping[str, Any]) -> None:
    for key, value in source.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = dict(value) if isinstance(value, Mapping) else value


def _convert(tree: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(tree, Settings, strict=False, dec_hook=_decode_secret)
    except msgspec.ValidationError as exc:
        raise SettingsError(_sentence(str(exc))) from None


def _decode_secret(kind: type, value: object) -> object:
    if kind is not Secret or not isinstance(value, str):
        raise ValueError("Must be a text")
    text = value.strip()
    # Secrets travel in headers, and a header that cannot be sent is quoted by the error that says so.
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("Must be visible ASCII characters only")
    return Secret(text)


def _sentence(message: str) -> str:
    """Say which setting is wrong and the rule, without its value, which may be a secret."""
    found = _PATH.match(message)
    rule, path = (found["rule"], _INDEX.sub("", found["path"])) if found else (message, "")
    if unknown := _UNKNOWN.match(rule):
        place = f"[{path}]" if path else "the configuration file"
        return f"{unknown['name']} is not a setting of {place}. `limi serve --help` lists them all."
    info = next((info for info in setting_infos() if info.path == path), None)
    named = f"{info.env} ({path})" if info else path or "the configuration file"
    if info and "matching regex" in rule:
        return f"{named} does not fit. It is: {info.description}"
    if info and get_origin(info.annotation) is Literal:
        return f"{named} must be one of {', '.join(get_args(info.annotation))}."
    words = _type_at(path)
    return f"{named} must be {words}." if words else f"{named}: {rule[:1].lower()}{rule[1:]}."


def _type_at(path: str) -> str:
    """Return what the setting at `path` is, in words; empty where there are none for it."""
    kind: inspect.Type = inspect.type_info(Settings)
    for name in filter(None, path.split(".")):
        kind = next((_bare(field.type) for field in _fields(kind) if field.encode_name == name), inspect.AnyType())
    return "a table" if isinstance(kind, inspect.StructType | inspect.DictType) else type_in_words(kind)


def _fields(kind: inspect.Type) -> Sequence[inspect.Field]:
    """Return the members of a table, or of each in a table of tables."""
    table = kind.value_type if isinstance(kind, inspect.DictType) else kind
    return table.fields if isinstance(table, inspect.StructType) else ()


def _bare(kind: inspect.Type) -> inspect.Type:
    """Return `kind` without its description, and without the null of what may be unset: nothing can say it."""
    if isinstance(kind, inspect.Metadata):
        return _bare(kind.type)
    if not isinstance(kind, inspect.UnionType):
        return kind
    kinds = tuple(each for each in kind.types if not isinstance(each, inspect.NoneType))
    return kinds[0] if len(kinds) == 1 else inspect.UnionType(kinds)
