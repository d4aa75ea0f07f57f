"""Secrets that stand in files of their own, as container platforms mount them: `password_file` for `password`.

Each setting that is a secret has such a twin, beside it in the settings file and, with _FILE, in the environment. What
the file holds goes the way of any other value; the file's path is shown, and what it holds is not.
"""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from stagewatch.texts import text_in

Leaf = tuple[str, ...]


def is_secret(annotation: object) -> bool:
    """Whether a setting of this type is one."""
    return SecretStr.__name__ in str(annotation)


def twin(leaf: Leaf) -> Leaf:
    """The setting that names the file of a secret."""
    return (*leaf[:-1], f"{leaf[-1]}_file")


def taken(values: dict[str, Any], leaf: Leaf) -> object:
    """What stands at this place of a settings file, which is not there any more afterwards; None where nothing does."""
    here: Any = values
    for name in leaf[:-1]:
        inner = here.get(name)
        if not isinstance(inner, Mapping):
            return None
        here[name] = here = dict(inner)  # whoever holds the file's own values keeps them as they are
    return here.pop(leaf[-1], None)


def read(path: object) -> tuple[str | None, str]:
    """The secret in a file, without the line's end; or None, and what is wrong with it."""
    if not isinstance(path, str):
        return None, "must be the path of a file"
    try:
        secret = text_in(path).rstrip("\r\n")
    except OSError as error:
        return None, f"{path if is_path(path) else 'it'} cannot be read: {error.strerror}"
    except ValueError:
        return None, f"{path if is_path(path) else 'it'} is no UTF-8 text"
    return secret or None, f"{path} is empty"


def is_path(value: object) -> bool:
    """Whether what was given as a path is one to be told: in a folder that there is. Else it may be the secret."""
    folder = os.path.dirname(value) if isinstance(value, str) else ""  # noqa: PTH120  Path makes "." of ""
    return folder != os.sep and os.path.isdir(folder)  # noqa: PTH112  the same
