#!/bin/sh
# tpm.sh start DIR PKI    starts a TPM of software in DIR, with keys that its authority certifies
# tpm.sh stop DIR         ends it
#
# DIR/env says how it is reached. Each key has a certificate and its issuer in DIR/NAME.pem:
#   handle    EC, at handle 0x81000001          locked   EC, at 0x81000002, password "secret"
#   file      EC, wrapped, in DIR/file.key      rsa      RSA, wrapped, in DIR/rsa.key, password "secret"
set -eu
# What watches the specs (LD_PRELOAD of a sanitizer) is not for other people's programs: they hang under it.
unset LD_PRELOAD
command=$1 dir=$2

stop() {
    if [ -s "$dir/pid" ]; then
        kill "$(cat "$dir/pid")" 2>/dev/null || :
        rm -f "$dir/pid"
    fi
}

if [ "$command" = stop ]; then
    stop
    exit 0
fi
pki=$3
mkdir -p "$dir/state"
swtpm socket --tpm2 --tpmstate "dir=$dir/state" --server "type=unixio,path=$dir/tpm" \
    --ctrl "type=unixio,path=$dir/tpm.ctrl" --flags not-need-init,startup-clear \
    --daemon --pid "file=$dir/pid"
trap '[ $? = 0 ] || stop' EXIT
for tries in 1 2 3 4 5 6 7 8 9 10; do
    [ -S "$dir/tpm" ] && [ -s "$dir/pid" ] && break
    [ "$tries" != 10 ] || exit 1
    sleep 0.2
done
export TSS2_LOG=all+NONE TPM2TOOLS_TCTI="swtpm:path=$dir/tpm" TPM2OPENSSL_TCTI="swtpm:path=$dir/tpm"
echo "TSS2_LOG=$TSS2_LOG TPM2OPENSSL_TCTI=$TPM2OPENSSL_TCTI" >"$dir/env"
cd "$dir"

# It has few places for objects, and nobody else that empties them.
tool() {
    program=tpm2_$1
    shift
    timeout 60 "$program" "$@"
    timeout 60 tpm2_flushcontext -t
}

# persistent HANDLE [tpm2_create options]
persistent() {
    handle=$1
    shift
    tool create -Q -C primary -G ecc -u public -r private \
        -a "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign|decrypt" "$@"
    tool load -Q -C primary -u public -r private -c loaded
    tool evictcontrol -Q -C o -c loaded "$handle"
}

with_tpm() {
    part=$1
    shift
    timeout 60 openssl "$part" -provider tpm2 -provider default -propquery '?provider=tpm2' "$@"
}

# certify NAME KEY [openssl options]
certify() {
    name=$1 key=$2
    shift 2
    with_tpm req -new -key "$key" -subj "/O=lua-bedrock tests/CN=$name" -out "$name.csr" "$@"
    printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' >extensions
    openssl x509 -req -in "$name.csr" -CA "$pki/intermediate.pem" -CAkey "$pki/intermediate.key" \
        -set_serial "0x$(openssl rand -hex 8 | sed 's/^./4/')" -days 2 -extfile extensions -out leaf
    cat leaf "$pki/intermediate.pem" >"$name.pem"
}

tool createprimary -Q -C o -G ecc -c primary
persistent 0x81000001
persistent 0x81000002 -p secret
with_tpm genpkey -algorithm EC -pkeyopt group:P-256 -out file.key
with_tpm genpkey -algorithm RSA -pkeyopt bits:2048 -pkeyopt user-auth:secret -out rsa.key
certify handle handle:0x81000001
certify locked 'handle:0x81000002?pass' -passin pass:secret
certify file file.key
certify rsa rsa.key -passin pass:secret
