"""The settings as tables: the README's, generated, and the effective ones with where each came from."""

from typing import Any

from stagewatch.settings.loading import Leaf, Loaded, leaves, secret_leaves, variable
from stagewatch.settings.model import Settings

OPENING = "<!-- settings -->"
CLOSING = "<!-- /settings -->"


def settings_table() -> str:
    """Markdown: every setting with its environment variable, default and meaning."""
    defaults = _plain(Settings())
    secret = set(secret_leaves())
    rows = [
        f"| `{'.'.join(leaf)}` | `{variable(leaf)}` | {_code(defaults[leaf])} | {_cell(field.description)}"
        f"{'; or in a file, named with `_file` behind either name' if leaf in secret else ''} |"
        for leaf, field in leaves()
    ]
    return "\n".join(["| in the file | in the environment | default | meaning |", "|---|---|---|---|", *rows])


def with_table(text: str) -> str:
    """The text with the table between its markers written anew. ValueError where the markers are missing."""
    before, opening, rest = text.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not (opening and closing):
        raise ValueError(f"the markers {OPENING} and {CLOSING} are missing")
    return f"{before}{OPENING}\n{settings_table()}\n{CLOSING}{after}"


def shown(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Each effective setting as (name, value, where it came from), secrets hidden."""
    values = _plain(loaded.settings)
    return [(".".join(leaf), _text(values[leaf]), loaded.origin(leaf)) for leaf, _ in leaves()]


def _plain(settings: Settings) -> dict[Leaf, Any]:
    """Each leaf's value as it would stand in a file; pydantic prints secrets as stars."""
    dumped = settings.model_dump(mode="json")
    found: dict[Leaf, Any] = {}
    for leaf, _ in leaves():
        value: Any = dumped
        for name in leaf:
            value = value[name]
        found[leaf] = value
    return found


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        return f"{value['topic']}={value['dialect']}"
    return str(value)


def _code(value: object) -> str:
    text = _text(value)
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
