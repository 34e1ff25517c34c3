#!/bin/sh
# Resolves pyproject.toml into requirements/*.txt: exact versions with hashes, for every Python from 3.11 on.
#
#   deploy/lock.sh            keep what is locked, add what is new
#   deploy/lock.sh --upgrade  take the newest versions that the ranges allow
set -eu

python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

lock() {
    file=requirements/$1.txt
    shift
    "$work/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url pyproject.toml "$@" --output-file "$file"
    echo "$file: $(grep -c '==' "$file") packages"
}

lock dev --extra dev "$@"                                         # make setup
lock scripts --extra dev --extra scripts -c requirements/dev.txt  # make scripts
lock run --extra engine --extra postgres --extra s3 --extra celery --extra k8s -c requirements/dev.txt  # the program with all that it can do
lock base -c requirements/dev.txt                                 # the program without extras: the cloud only
