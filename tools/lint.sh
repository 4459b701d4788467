#!/bin/sh
# The linters, each over all it is for; prints "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit

good=0
bad=0
check() {
    name=$1
    shift
    if "$@"; then
        good=$((good + 1))
    else
        bad=$((bad + 1))
        echo "lint: $name is not satisfied" >&2
    fi
}

sources=$(find csrc spec/c spec/kqueue spec/fuzz bench tools -name '*.[ch]' ! -name tables.c 2>/dev/null | sort)
units=$(echo "$sources" | grep '\.c$')
packages=$(pkg-config --cflags libcurl libssl libcrypto lua5.4)
warnings="-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual
    -Wwrite-strings -Wvla -Wundef -Wformat=2"
defines="-D_POSIX_C_SOURCE=200809L -DHAVE_PCRE2 -DHAVE_HIREDIS"

# The floor of the codec's benchmark includes yyjson, which `make bench` gets where Debian has no package of it.
compiled=$units
if ! yyjson=$(pkg-config --cflags yyjson 2>/dev/null); then
    yyjson="-isystem build/yyjson"
    [ -e build/yyjson/yyjson.h ] || compiled=$(echo "$units" | grep -v '^bench/floor/json.c$')
fi

compiles() {
    for unit in $compiled; do
        clang -std=c11 $defines $warnings -Icsrc -Ispec/c -Ispec/kqueue $packages $yyjson -fsyntax-only "$unit" || return 1
    done
}

# Those that the repository has; all where this is none.
files() {
    git ls-files "$@" 2>/dev/null || find . -name "$1" -not -path './build/*'
}

check "clang's warnings" compiles
check clang-format clang-format --dry-run -Werror $sources
check cppcheck cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches --suppress=nullPointerOutOfMemory \
    --suppress=nullPointerArithmeticOutOfMemory --suppress=nullPointerOutOfResources --error-exitcode=1 \
    -j 2 $defines -DLIBCURL_VERSION_NUM=0x080000 -Icsrc -Ispec/c -Ispec/kqueue $units
check luacheck luacheck --quiet --no-color lua spec examples bench tools
check "includes between folders" tools/arrows.sh
# Words are split on purpose, and the sh of Debian has the options of ulimit.
check shellcheck shellcheck --severity=warning --exclude=SC2046,SC3045 $(files '*.sh' .ci/run)
check pyflakes pyflakes3 $(files '*.py')
echo "$good passed, $bad failed"
[ "$bad" -eq 0 ]
