#!/bin/sh
# What the image installs, in the two steps that it caches apart: first dependencies, then one of the others. The Dockerfile and check-image-steps.sh both call
# this, so that what is checked is what is built.
#
#   deploy/install.sh dependencies FOLDER    a virtual environment in FOLDER, with exactly what the lock file names
#   deploy/install.sh project FOLDER         this project into it, and nothing else
#   deploy/install.sh compiled FOLDER        likewise, with its hot modules as machine code; needs a C compiler. What it
#                                            is built with stays in an environment of its own, which is removed.
set -eu
cd "$(dirname "$0")/.."
step=$1
folder=$2
pip="$folder/bin/python -m pip --quiet --disable-pip-version-check --no-input"

case $step in
  dependencies)
    "${PYTHON:-python3}" -m venv "$folder"
    $pip install --require-hashes -r requirements.lock
    ;;
  project)
    $pip install --no-deps .
    ;;
  compiled)
    builder=$(mktemp -d)
    trap 'rm -rf "$builder"' EXIT
    "$folder/bin/python" -m venv "$builder"
    "$builder/bin/python" -m pip --quiet --disable-pip-version-check install --require-hashes -r requirements-compiled.lock
    HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 "$builder/bin/python" -m hatchling build -t wheel -d "$builder/wheel"
    $pip install --no-deps --force-reinstall "$builder"/wheel/*.whl
    ;;
  *)
    echo "dependencies, project or compiled, not $step" >&2
    exit 2
    ;;
esac
