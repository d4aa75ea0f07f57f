"""`python -m stagewatch.settings README.md` writes the settings table between the file's markers anew."""

import sys
from pathlib import Path

from stagewatch.settings.showing import with_table

if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")
