"""What an operator can set, where a value may come from, and how the settings are shown.

`load` is the only way in: environment over file over defaults. Nothing here reads the environment at import.
`python -m stagewatch.settings README.md` writes the table between the README's markers anew.
"""

from stagewatch.settings.loading import Fault, Loaded, SettingsError, load
from stagewatch.settings.model import Client, Clock, Http, Log, Security, Settings, Source, Store, Topics
from stagewatch.settings.showing import settings_table, shown

__all__ = [
    "Client",
    "Clock",
    "Fault",
    "Http",
    "Loaded",
    "Log",
    "Security",
    "Settings",
    "SettingsError",
    "Source",
    "Store",
    "Topics",
    "load",
    "settings_table",
    "shown",
]
