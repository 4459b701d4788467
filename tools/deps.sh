#!/bin/sh
# Installs the Debian packages that are missing, silently doing nothing when none is.
#
#   tools/deps.sh demo|test|all|browser|cross
#
# demo: to build and to run the local endpoint. test: also for the specs and the linters.
# all: also for sanitizers, fuzzing and interoperation. browser: also that of interoperation, which is large.
# cross: for other machines, large, too.
# ONE|OTHER: the first that this release has. LuaJIT is luajit2 up to Debian 12 and luajit from 13 on.
set -eu

demo="make gcc libc6-dev pkg-config lua5.4 liblua5.4-dev luajit2|luajit
    libluajit2-5.1-dev|libluajit-5.1-dev libcurl4-openssl-dev libssl-dev zlib1g-dev libdeflate-dev libpcre2-dev libhiredis-dev openssl curl
    ca-certificates lua-argparse lua-cjson lua-socket lua-luaossl nginx libnginx-mod-http-lua"
test="lua-busted lua-cqueues lua-luv luarocks xz-utils python3 jq clang clang-format cppcheck lua-check
    shellcheck pyflakes3 mkdocs zsh fish groff-base redis-server swtpm tpm2-openssl tpm2-tools softhsm2 pkcs11-provider|libengine-pkcs11-openssl
    neovim"
all="libclang-rt-dev valgrind gcovr nodejs python3-venv"
browser="chromium"
cross="qemu-user gcc-aarch64-linux-gnu gcc-s390x-linux-gnu gcc-arm-linux-gnueabihf"

case ${1:-all} in
demo) wanted=$demo ;;
test) wanted="$demo $test" ;;
all) wanted="$demo $test $all" ;;
browser) wanted="$browser $demo $test $all" ;;
cross) wanted="$cross $demo" ;;
*)
    echo "usage: $0 demo|test|all|browser|cross" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "deps: this is no Debian, so nothing is checked or installed. Needed are what Debian calls:" \
        $wanted >&2
    exit 0
fi

# missing WORD...: those of them of which no package is installed.
missing() {
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(echo "$@" | tr '|' ' ') 2>/dev/null |
        sed -n 's/^installed //p' | awk -v wanted="$*" '
            { have[$1] = 1 }
            END {
                words = split(wanted, word, " ")
                for (i = 1; i <= words; i++) {
                    found = 0
                    names = split(word[i], name, "|")
                    for (j = 1; j <= names; j++)
                        found = found || have[name[j]]
                    if (!found)
                        printf " %s", word[i]
                }
            }'
}

# chosen WORD...: of each the first package that can be installed; the last where none can.
chosen() {
    for word in "$@"; do
        for name in $(echo "$word" | tr '|' ' '); do
            candidate=$(LC_ALL=C apt-cache policy "$name" | sed -n 's/^ *Candidate: //p')
            case $candidate in
            "" | "(none)") ;;
            *) break ;;
            esac
        done
        printf ' %s' "$name"
    done
}

packages=$(missing $wanted)
if [ "$wanted" != "${wanted%"$all"}" ] && ! command -v npm >/dev/null; then
    packages="$packages npm"
fi
if [ -z "$packages" ]; then
    exit 0
fi

install() {
    echo "apt-get install -y --no-remove --no-install-recommends$(chosen $packages)"
}

if [ "$(id -u)" = 0 ]; then
    root=
elif sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    echo "deps: missing packages, and no right to install them. Run as root:" >&2
    echo "    apt-get update && $(install)" >&2
    exit 1
fi

# One that was there before is left as it is.
is_new() {
    case $packages in
    *" $1"*) test -s "$2" || echo yes ;;
    esac
}

# Programs are needed, not services of this machine (a web server on port 80, Redis on 6379): with run level 1 in
# the environment Debian's scripts do not start them.
apt() {
    $root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 PREVLEVEL=N "$@"
}

quiet() {
    $root update-rc.d "$1" disable >/dev/null 2>&1 || :
    $root invoke-rc.d "$1" stop >/dev/null 2>&1 || :
}

nginx_is_new=$(is_new nginx /run/nginx.pid)
redis_is_new=$(is_new redis-server /run/redis/redis-server.pid)

echo "deps: installing$(chosen $packages)"
if ! apt $(install) >/dev/null 2>&1; then
    apt apt-get update >/dev/null
    apt $(install)
fi
if [ -n "$nginx_is_new" ]; then
    quiet nginx
fi
if [ -n "$redis_is_new" ]; then
    quiet redis-server
fi
