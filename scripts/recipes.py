"""Which tested code stands in which document of the clients: the recipes, and the page for assistants."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from scripts.included import code_block, excerpt, table, whole_file

__all__ = ["PAGES"]

_CORE: Final = "clients/typescript/core/README.md"
_REACT: Final = "clients/typescript/react/README.md"
_VUE: Final = "clients/typescript/vue/README.md"
_PYTHON: Final = "clients/python/README.md"
_TRANSITIONS: Final = "conformance/transitions/README.md"

_FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "docs/recipes/electron.md": {
        "main": "examples/electron/src/main.ts",
        "preload": "examples/electron/src/preload.ts",
        "renderer": "examples/electron/src/renderer.ts",
        "page": "examples/electron/src/index.html",
        "bundle": "examples/electron/bundle.ts",
    },
    "docs/recipes/html.md": {
        "page": "examples/html/index.html",
        "script": "examples/html/page.js",
        "build": "examples/html/build.mjs",
    },
    "docs/recipes/node.md": {"service": "examples/node/service.mjs", "voice": "examples/node/voice.mjs"},
    "docs/recipes/python-bot.md": {"bot": "examples/python-bot/bot.py"},
    "docs/recipes/python-service.md": {"service": "examples/python-service/service.py"},
    "docs/recipes/react-native.md": {
        "app": "examples/react-native/App.tsx",
        "app.json": "examples/react-native/app.json",
    },
    "docs/recipes/react.md": {"app": "examples/react/src/app.tsx", "main": "examples/react/src/main.tsx"},
    "docs/recipes/vue.md": {"app": "examples/vue/src/App.vue", "meter": "examples/vue/src/LevelMeter.vue"},
}
_first_example: Final = partial(code_block, _CORE, "A conversation", "js")
_component: Final = partial(code_block, _REACT, "The component", "tsx")
_hook: Final = partial(code_block, _REACT, "The hook", "tsx")
_composable: Final = partial(code_block, _VUE, "@limi-ai/vue", "vue")
_phone: Final = partial(code_block, "clients/typescript/react-native/README.md", "Without a hook", "ts")
_python_turn: Final = partial(code_block, _PYTHON, "A conversation", "python")

_PARTS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "README.md": {"component": _component, "five lines": _python_turn},
    "docs/recipes/html.md": {"bundled": _first_example},
    "docs/recipes/python-bot.md": {"smallest": _python_turn},
    "docs/recipes/react-native.md": {"client": _phone},
    "docs/recipes/react.md": {"hook": _hook},
    "docs/recipes/vue.md": {"smallest": _composable},
    "docs/webrtc.md": {
        "numbers": partial(table, _TRANSITIONS, "Format"),
        "phases": partial(table, _TRANSITIONS, "Phases"),
        "transitions": partial(table, _TRANSITIONS, "The table"),
    },
    "docs/AI_ASSISTANTS.md": {
        "javascript": _first_example,
        "react": _component,
        "react hook": _hook,
        "vue": _composable,
        "react native": _phone,
        "node": partial(excerpt, "examples/node/service.mjs", "async function handOutKey", "}"),
        "python": _python_turn,
        "python service": partial(code_block, _PYTHON, "Keys alone", "python", 1),
        "test": partial(code_block, "docs/IMPLEMENTATION_GUIDE.md", "In your tests", "python"),
    },
}


def _pages() -> Iterator[tuple[str, str, Callable[[], str]]]:
    for file, parts in _FILES.items():
        for name, path in parts.items():
            yield file, name, partial(whole_file, path)
    for file, made in _PARTS.items():
        for name, render in made.items():
            yield file, name, render


PAGES: Final = tuple(_pages())
"""Document, name of the part, and what makes it."""
