#!/bin/sh
# The command beside a script that does the same, and beside other commands where they are installed: from start to
# the end of a short answer, and from start to the first byte that is sent (without TLS).
#
#   bench/command.sh BUILD LUA URL CA_FILE
set -eu
build=$1 lua=$2 url=$3 ca=$4

question=$(mktemp)
trap 'rm -f "$question"' EXIT
words() { printf 'word %.0s' $(seq "$1"); }
# The endpoint repeats what is asked, so that of 400 words it answers 100; of ask's, too, but whole, as a cut is told.
text=$(words 400) system=$(words 330) asked=$(words 70)
model=anthropic.claude-3-haiku-20240307-v1:0
messages='[{"role":"user","content":[{"text":"'$text'"}]}]'
printf '{"modelId":"%s","messages":%s,"inferenceConfig":{"maxTokens":100}}' "$model" "$messages" >"$question"

export BEDROCK_AUTH=access_keys BEDROCK_ACCESS_KEY_ID=AKIDEXAMPLE0000000001 BEDROCK_ENDPOINT="$url" BEDROCK_CA_FILE="$ca"
export BEDROCK_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY BEDROCK_REGION=us-east-1
export AWS_ACCESS_KEY_ID=$BEDROCK_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$BEDROCK_SECRET_ACCESS_KEY
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL="$url" AWS_CA_BUNDLE="$ca"

# measure TITLE URL PROCESSES-OPTIONS: the same commands, of another URL.
measure() {
    title=$1 url=$2
    shift 2
    export BEDROCK_ENDPOINT="$url" AWS_ENDPOINT_URL="$url"
    set -- "$@" 15 "script: connect, converse" "exec $lua bench/start.lua ours $url $ca" \
        "bedrock call converse" "exec $lua $build/bin/bedrock call converse @$question >/dev/null" \
        "bedrock ask, a stream" "exec $lua $build/bin/bedrock ask -m $model --max-tokens 100 -s '$system' '$asked' >/dev/null"
    if curl --help all 2>/dev/null | grep -q aws-sigv4; then
        set -- "$@" "curl --aws-sigv4" "exec curl -s -o /dev/null --cacert $ca --aws-sigv4 aws:amz:us-east-1:bedrock \
            -u \$AWS_ACCESS_KEY_ID:\$AWS_SECRET_ACCESS_KEY -H content-type:application/json \
            -d @$question $url/model/$(echo $model | sed 's/:/%3A/')/converse"
    fi
    if command -v aws >/dev/null && aws --version >/dev/null 2>&1; then
        set -- "$@" "aws bedrock-runtime converse" \
            "exec aws bedrock-runtime converse --cli-input-json file://$question >/dev/null"
    fi
    if command -v llm >/dev/null && llm plugins 2>/dev/null | grep -q llm-bedrock; then
        set -- "$@" "llm" "exec llm -m $model 'word' >/dev/null"
    fi
    printf '\nThe command, %s, %s: CPU ms, wall ms, peak kB, CPU ms more than the script, times its CPU\n' "$lua" "$title"
    "$build/bench/processes" "$@" | awk -F '\t' '{ if (NR == 1) script = $2
        printf "  %-44s %8.1f %8.1f %8d %8.1f %7.2fx\n", $1, $2, $3, $4, $2 - script, $2 / script }'
}

measure "to the end of the answer" "$url"
# A port that is free on nearly all machines, and takes what is sent.
port=$((20000 + $$ % 10000))
export BEDROCK_ALLOW_HTTP=true BEDROCK_MAX_ATTEMPTS=1
measure "to the first byte sent" "http://127.0.0.1:$port" -p "$port"
