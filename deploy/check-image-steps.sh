#!/usr/bin/env bash
# Does what deploy/Dockerfile does, in a temporary folder and without Docker: takes the files that its COPY lines name,
# installs from the lock file with hashes, then the project alone, and asks the result what it is and what it brought.
#
#   deploy/check-image-steps.sh              with python3; PYTHON=python3.13 deploy/check-image-steps.sh with another
#   deploy/check-image-steps.sh compiled     as with --build-arg STEP=compiled
set -euo pipefail
step=${1:-project}
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/context" "$folder/elsewhere"

cd "$root"
while read -r source; do
  cp -r --parents "$source" "$folder/context"
done < <(awk '$1 == "COPY" && $2 !~ /^--from/ { for (i = 2; i < NF; i++) print $i }' deploy/Dockerfile)

"$folder/context/deploy/install.sh" dependencies "$folder/venv"
"$folder/context/deploy/install.sh" "$step" "$folder/venv"

# From elsewhere, so that nothing is found in the source tree that the wheel should have brought.
cd "$folder/elsewhere"
"$folder/venv/bin/stagewatch" --version
"$folder/venv/bin/python" -c 'import sys, journey.machine as m; sys.exit(m.__file__.endswith(".so") != (sys.argv[1] == "compiled"))' "$step"
"$folder/venv/bin/stagewatch" check five-stage four-stage six-cs
"$folder/venv/bin/stagewatch" generate --shoppers 20 --days 1 --dialect segment --to events.jsonl
"$folder/venv/bin/stagewatch" replay events.jsonl --summary
