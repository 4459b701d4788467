#!/bin/sh
# Rebuilds the API facts (csrc/model/facts) from botocore's models and reports what changed.
#
#     tools/refresh_api.sh [--version X.Y.Z] [--out DIR] [--write]
#
# --version  that botocore instead of the newest
# --out      where the facts go (default build/refresh/facts, emptied first)
# --write    copies them over csrc/model/facts, and makes the tables and the documentation anew
set -eu

cd "$(dirname "$0")/.."
work=build/refresh
facts=csrc/model/facts
out=$work/facts
package=botocore
write=false

usage() {
    sed -n '4,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --version | --out)
        [ $# -ge 2 ] || usage
        if [ "$1" = --version ]; then package="botocore==$2"; else out=$2; fi
        shift
        ;;
    --write) write=true ;;
    *) usage ;;
    esac
    shift
done

if [ "$out" = "$work/facts" ]; then
    rm -rf "$out"
elif [ -d "$out" ] && [ -n "$(ls -A "$out")" ]; then
    echo "$0: $out is not empty" >&2
    exit 1
fi

rm -rf "$work/venv"
mkdir -p "$work"
python3 -m venv "$work/venv"
# Its data folder and its rule for method names are used, none of what it depends on.
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps "$package"
"$work/venv/bin/python" -B tools/refresh_api/refresh.py \
    --facts "$facts" --out "$out" --report "$work/report.txt"

sed -n '/: [0-9]* changes$/q;p' "$work/report.txt"
echo "All changes: $work/report.txt"
if $write; then
    cp "$out"/*.json "$facts"/
    lua5.4 csrc/model/generate.lua "$facts" >"$work/tables.c"
    mv "$work/tables.c" csrc/model/tables.c
    lua5.4 tools/generate_docs.lua "$facts" .
    echo "Written to $facts, csrc/model/tables.c, docs/reference and library."
else
    echo "Facts: $out (--write copies them to $facts)"
fi
rm -rf "$work/venv"
