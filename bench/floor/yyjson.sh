#!/bin/sh
# Puts yyjson's two files into DIR, for the codec's floor, where the distribution has no package of it
# (Debian 12): from the sources of its Python package.
#
#   bench/floor/yyjson.sh DIR
set -eu
dir=$1
mkdir -p "$dir"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --dest "$work" yyjson==4.0.6
tar -xzf "$work"/yyjson-*.tar.gz -C "$work"
cp "$work"/yyjson-*/yyjson/yyjson.[ch] "$dir"
