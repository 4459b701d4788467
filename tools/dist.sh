#!/bin/sh
# The sources as they are here, in one gzipped tar file on standard output: what the repository has, or all but
# what was built where this is none. The same sources make the same bytes. debian/ is not in it, as that goes beside it.
#
#   tools/dist.sh FOLDER          all within a folder of that name
set -eu
cd "$(dirname "$0")/.."

files() {
    git ls-files -co --exclude-standard 2>/dev/null | while read -r name; do
        [ ! -f "$name" ] || echo "$name"
    done
}
listed=$(files)
[ -n "$listed" ] || listed=$(find . -type f -not -path './build/*' -not -path './.git/*' | sed 's,^\./,,')
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
echo "$listed" | grep -v '^debian/' | LC_ALL=C sort |
    tar -c --format=ustar --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w --mtime="@$epoch" \
        --no-recursion --transform="s,^,$1/," -T - | gzip -9n
