#!/bin/sh
# A prompt with a connection to an endpoint on loopback: to try things out without an AWS account.
set -eu
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL

build=${BUILD:-build}
place=$PWD/$build/play
lua=${LUA:-lua5.4}
. tools/local.sh
trap '' INT
export BEDROCK_SETTINGS="$place/certificate.lua"
eval "$(make -s env LUA="$lua")"

cat <<TEXT
An endpoint that behaves like Bedrock runs on this machine until you leave (Ctrl-D). Its models say what you asked, call
a tool if you say "use tool", and fill a simple schema with examples. It takes any role, profile, trust anchor and model,
and the certificates that $build/pki/ca.pem leads to.

    conn                                          the connection
    print(conn:converse { … })                    bedrock.help() tells more
    chat = conn:chat { model = own.model }        chat:say "Hello"; chat:stream("Hello"):print()

In another terminal: BEDROCK_SETTINGS=$BEDROCK_SETTINGS $build/bin/bedrock ask "Hello"

TEXT
"$lua" -i -e 'bedrock = require "bedrock"; conn, err, own = bedrock.open(); assert(conn, err)' || true
