#!/bin/sh
# quiet.lua, with a slow name server of its own where this user may have one: root, in a mount
# namespace whose /etc/resolv.conf names it.
#
#   bench/nginx/quiet.sh ENDPOINTDIR
set -eu
address=127.0.0.77
resolv=$(mktemp)
trap 'rm -f "$resolv"' EXIT
trap 'exit 130' HUP INT TERM
printf 'nameserver %s\noptions timeout:10 attempts:1\n' "$address" >"$resolv"
chmod 644 "$resolv"
inside="mount --make-rprivate / && mount --bind $resolv /etc/resolv.conf"
if unshare -m sh -c "$inside" 2>/dev/null; then
    unshare -m sh -c "$inside && exec lua5.4 bench/nginx/quiet.lua '$1' $address"
else
    lua5.4 bench/nginx/quiet.lua "$1"
fi
