#!/bin/sh
# What the image installs, in the two steps that it caches apart. The Dockerfile and check-image-steps.sh both call
# this, so that what is checked is what is built.
#
#   deploy/install.sh dependencies FOLDER    a virtual environment in FOLDER, with exactly what the lock file names
#   deploy/install.sh project FOLDER         this project into it, and nothing else
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
  *)
    echo "dependencies or project, not $step" >&2
    exit 2
    ;;
esac
