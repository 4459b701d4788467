#!/bin/sh
# Proves the local endpoint with clients this project did not write: boto3, the AWS JavaScript SDK
# and AWS's Python package for IAM Roles Anywhere must get through it, and be refused when a request
# is bent. The example gateway serves OpenAI's client and a browser. A newer Neovim runs the specs of Neovim.
#
#   spec/interop/run.sh [BUILDDIR]
#
# Prints "N passed, N failed". Exits with 1 on a failure, with 77 when the clients cannot be had.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build}
mkdir -p "$build/interop"
build=$(cd "$build" && pwd)
dir=$build/interop

"$here/oracles.sh" "$dir"
"$here/../pki/make.sh" "$build/pki"
lua5.4 "$here/../endpoint/cli.lua" start "$dir/endpoint" "$build/pki" >/dev/null
trap 'lua5.4 "$here/../endpoint/cli.lua" stop "$dir/endpoint"' EXIT
trap 'exit 1' HUP INT TERM

export INTEROP_ENDPOINT="$dir/endpoint/endpoint.json" INTEROP_NODE="$dir/node" INTEROP_PICTURES="$dir"
export AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export PYTHONDONTWRITEBYTECODE=1 NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
unset AWS_PROFILE AWS_BEARER_TOKEN_BEDROCK AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY || :
unset MAKEFLAGS MFLAGS MAKELEVEL || :
unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_CA_BUNDLE HTTPS_PROXY https_proxy || :
python=$dir/venv/bin/python
results=$dir/results.txt
: >"$results"

# part NAME COMMAND...: a part that ends badly counts as a failure even if its checks passed.
part() {
    name=$1
    shift
    "$@" >"$dir/part.txt" 2>"$dir/part.err" ||
        echo "not ok - $name ended with an error" >>"$dir/part.txt"
    cat "$dir/part.txt" >>"$results"
    if grep -q '^not ok' "$dir/part.txt"; then
        grep '^not ok' "$dir/part.txt"
        tail -n 20 "$dir/part.err"
    fi
}

# Every valid conformance case, and other random inputs each day, prepared by this library and by botocore.
prepared() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    export LUA_PATH="./?.lua;$LUA_PATH"
    xz -dc spec/cases/api-cases.jsonl.xz | lua5.4 spec/interop/prepared.lua >"$dir/prepared.jsonl"
    seed=$(date +%j)
    echo "random inputs: seed $seed" >&2
    "$python" "$here/random_inputs.py" "$seed" | lua5.4 spec/interop/prepared.lua >>"$dir/prepared.jsonl"
    "$python" "$here/prepared_check.py" <"$dir/prepared.jsonl"
)

# Every valid conformance case in twelve processes, of both interpreters: one body each.
same_bodies() (
    cd "$here/../.."
    set --
    for lua in lua5.4 luajit; do
        eval "$(make -s env BUILD="$build" LUA=$lua)"
        export LUA_PATH="./?.lua;$LUA_PATH"
        for i in 1 2 3 4 5 6; do
            set -- "$@" "$dir/bodies-$lua-$i.jsonl"
            xz -dc spec/cases/api-cases.jsonl.xz | $lua spec/interop/prepared.lua \
                >"$dir/bodies-$lua-$i.jsonl" || return 1
        done
    done
    "$python" "$here/same_bodies.py" "$@" && rm "$@"
)

# A grid of requests, signed by this library and by botocore.
signatures() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    "$python" "$here/signing.py" jobs | lua5.4 spec/interop/signed.lua >"$dir/signed.jsonl" &&
        "$python" "$here/signing.py" check <"$dir/signed.jsonl"
)

# Random requests, others each day, presigned by this library and by botocore; API keys by AWS's generator.
presigned() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    "$python" "$here/presigning.py" jobs "$(date +%j)" | lua5.4 spec/interop/presigned.lua >"$dir/presigned.jsonl" &&
        "$python" "$here/presigning.py" check <"$dir/presigned.jsonl"
)

# Random streams of server-sent events, others each day, read by this library and by a JavaScript parser.
sent_events() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    node "$here/sent_events.mjs" "$(date +%j)" >"$dir/sent_events.jsonl" &&
        lua5.4 spec/interop/sent_events.lua <"$dir/sent_events.jsonl"
)

# Bodies that generate sends, and those of langchain-aws and of Vercel's AI SDK for the same input.
generated() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    "$@" jobs | lua5.4 spec/interop/generated.lua "$dir/endpoint" >"$dir/generated.jsonl" &&
        "$@" check <"$dir/generated.jsonl"
)

# through_gateway SCRIPT LISTENER: a client of nginx and the example gateway.
through_gateway() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    lua5.4 spec/interop/with_gateway.lua "$dir/endpoint" "$dir/gateway" "node spec/interop/$1" "$2"
)

# Conversations by conn:chat and by adapters that others wrote: the same bodies.
chats() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build")"
    export LUA_PATH="./?.lua;$LUA_PATH"
    lua5.4 spec/interop/chat_bodies.lua "$dir/endpoint" >"$dir/chats.jsonl" &&
        "$python" "$here/langchain_bodies.py" >"$dir/chats-langchain.jsonl" &&
        "$python" "$here/chat_adapters.py" LangChain "$dir/chats.jsonl" "$dir/chats-langchain.jsonl" &&
        node "$here/ai_sdk_bodies.mjs" >"$dir/chats-ai-sdk.jsonl" &&
        "$python" "$here/chat_adapters.py" "the AI SDK" "$dir/chats.jsonl" "$dir/chats-ai-sdk.jsonl"
)

# The specs of Neovim in a newer one than the distribution's: a line for each that passes.
newer_neovim() (
    cd "$here/../.."
    eval "$(make -s env BUILD="$build" LUA=luajit)"
    export BEDROCK_TEST_NVIM="$dir/venv/bin/nvim" BEDROCK_TEST_ENDPOINT="$dir/endpoint" BEDROCK_TEST_PKI="$build/pki"
    BUILD=$build spec/busted.sh luajit spec/nvim_spec.lua spec/nvim_doc_spec.lua >"$dir/nvim.txt" || cat "$dir/nvim.txt" >&2
    version=$("$BEDROCK_TEST_NVIM" --version | head -n 1)
    sed -n '$s/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$dir/nvim.txt" | {
        read -r good bad
        for i in $(seq "$good"); do
            echo "ok - $version: spec $i"
        done
        [ "$bad" -eq 0 ] && [ "$good" -gt 0 ]
    }
)

# Each line of the benchmarks runs; what it costs is not looked at.
benchmarks() (
    cd "$here/../.."
    for list in lines curves; do
        bench/with_endpoint.sh "$build" lua5.4 bench/measure.lua -c "$build" bench/$list.txt
    done
)

part "bent requests" "$python" "$here/bent_requests.py"
part "bent URLs and keys" "$python" "$here/bent_urls.py"
part "faults" "$python" "$here/fault_checks.py"
part "boto3" "$python" "$here/boto_client.py"
INTEROP_CREDENTIALS=$("$python" "$here/exchange.py") || INTEROP_CREDENTIALS={}
export INTEROP_CREDENTIALS
part "JavaScript SDK" node "$here/sdk_client.mjs"
part "OpenAI's client" through_gateway openai_client.mjs https
part "chat page" through_gateway chat_page.mjs http
part "botocore's requests" "$python" "$here/prepare_test.py"
part "our requests and botocore's" prepared
part "our requests in twelve processes" same_bodies
part "our signatures and botocore's" signatures
part "our presigned URLs and API keys and AWS's" presigned
part "our ways to credentials and botocore's" "$python" "$here/ways.py" "$build"
part "our credentials in other programs" "$python" "$here/lent.py" "$build"
part "chats of other adapters" chats
part "server-sent events" sent_events
part "our bodies of generate and LangChain's" generated "$python" "$here/generate_langchain.py"
part "our bodies of generate and the AI SDK's" generated node "$here/generate_ai_sdk.mjs"
part "a newer Neovim" newer_neovim
part "patterns" "$python" "$here/patterns.py" "$build"
part "benchmarks" benchmarks

passed=$(grep -c '^ok' "$results" || :)
failed=$(grep -c '^not ok' "$results" || :)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
