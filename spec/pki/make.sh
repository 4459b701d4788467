#!/bin/sh
# Makes the certificates and keys the specs, the demo and the local endpoint use.
#
#   spec/pki/make.sh OUTDIR
#
# Needs nothing but a POSIX shell and the openssl command. Does nothing when OUTDIR holds a
# complete set younger than five days. The password, wherever one is needed: test-password.
#
# Authorities (RSA 2048, so that the EC leaves are signed by a key of another type)
#   ca.pem ca.key                     root of the client certificates
#   intermediate.pem .key             issued by the root, issues the leaves
#   other-ca.pem .key                 a root nobody trusts
#   tls-ca.pem .key                   root of the endpoint's server certificates
#
# Leaves, for KIND in rsa2048 rsa4096 p256 p384 p521 (serials of 159 bits, p256: 6699)
#   KIND.crt.pem .crt.der             the leaf alone
#   KIND.chain.pem                    leaf, intermediate, root
#   KIND.chain-shuffled.pem           root, leaf, intermediate
#   KIND.key.pkcs8.pem .der           PKCS#8
#   KIND.key.pkcs8.enc.pem .enc.der   PKCS#8 encrypted (PBES2, AES-256-CBC)
#   KIND.key.trad.pem .der            PKCS#1, or SEC1 (the PEM with a leading EC PARAMETERS)
#   KIND.key.trad.enc.pem             the same with Proc-Type: 4,ENCRYPTED (AES-256-CBC)
#   KIND.p12 KIND.nopass.p12          key, leaf, intermediate; password, empty password
#   KIND.both.pem .both-reversed.pem  certificate then key, key then certificate
# for rsa2048 and p256 also
#   KIND.crlf.pem .bom.pem            the both file with CRLF line ends, with a UTF-8 BOM
#   KIND.bag.pem                      as printed by openssl pkcs12 -nodes, with Bag Attributes
#   KIND.comments.pem                 the both file with prose and openssl's text between blocks
#   KIND.legacy.p12                   RC2-40 and 3DES, where openssl has the legacy provider
# and
#   rsa2048.sha384.crt.pem            the rsa2048 key's leaf, signed by the issuer with SHA-384
#
# Certificates to be refused, each NAME.crt.pem with its NAME.key.pem
#   expired  future                   2020 to 2021, 2099 to 2100
#   ca-leaf  nodigsig  nokeyusage     CA:TRUE; keyEncipherment only; no keyUsage at all
#   sha1  rsa1024  ed25519  secp256k1 signed with SHA-1; keys of the wrong strength or type
#   other                             issued by other-ca
#   soon                              good, but for six days only
# Copied, as OpenSSL has to be 3.5 for them: valid until 2126, of an authority nobody knows
#   mldsa44.pem mldsa65.pem mldsa87.pem certificate then key
# Files that are no certificate
#   truncated.pem garbage.pem empty.pem two-keys.pem
#
# Server certificates, each NAME.pem with its NAME.key
#   tls-good                          localhost, some names under it, 127.0.0.1, ::1
#   tls-expired  tls-wronghost        2020 to 2021; example.invalid
#   tls-untrusted                     signed by itself
set -eu

password=test-password
kinds="rsa2048 rsa4096 p256 p384 p521"
always=20240101000000Z

if [ $# -ne 1 ]; then
    echo "usage: $0 OUTDIR" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

fresh() {
    [ -f "$out/mldsa87.pem" ] && [ -n "$(find "$out/.complete" -mtime -5 2>/dev/null || :)" ]
}

# Two runs at once must not mix their keys and certificates: the first one works, others wait.
lock() {
    until ln -s $$ "$out/.lock" 2>/dev/null; do
        holder=$(readlink "$out/.lock" || :)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
            rm -f "$out/.lock"
        else
            sleep 1
        fi
    done
}

umask 077
fresh && exit 0
lock
work=$out/.new.$$
trap 'rm -rf "$work" "$out/.lock"' EXIT
trap 'exit 1' HUP INT TERM
fresh && exit 0
rm -rf "$out/.complete" "$out"/.new.*
mkdir "$work"
cd "$work"
mkdir ca-db

cat >openssl.cnf <<'CONF'
[req]
distinguished_name = name
prompt = no
string_mask = utf8only
[name]
commonName = unused
[ca]
default_ca = issuer
[issuer]
dir = ca-db
new_certs_dir = ca-db
database = ca-db/index.txt
serial = ca-db/serial
unique_subject = no
policy = any
default_md = sha256
email_in_dn = no
preserve = no
[any]
countryName = optional
organizationName = optional
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ca_leaf]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
[nodigsig_leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, keyEncipherment
extendedKeyUsage = clientAuth
[nokeyusage_leaf]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = clientAuth
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = @local_names
[server_wronghost]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:example.invalid
[local_names]
DNS.1 = localhost
DNS.2 = *.localhost
DNS.3 = rolesanywhere.localhost
DNS.4 = bedrock.localhost
DNS.5 = bedrock-runtime.localhost
DNS.6 = bedrock-agent-runtime.localhost
DNS.7 = *.amazonaws.localhost
IP.1 = 127.0.0.1
IP.2 = ::1
CONF
: >ca-db/index.txt

ossl() {
    openssl "$@" 2>openssl.log || {
        echo "$0: openssl $* failed:" >&2
        cat openssl.log >&2
        exit 1
    }
}

# make_key KIND FILE: a new private key, PKCS#8 PEM.
make_key() {
    case $1 in
    rsa*) ossl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:${1#rsa}" -out "$2" ;;
    p256) ec_key prime256v1 "$2" ;;
    p384) ec_key secp384r1 "$2" ;;
    p521) ec_key secp521r1 "$2" ;;
    secp256k1) ec_key secp256k1 "$2" ;;
    ed25519) ossl genpkey -algorithm ED25519 -out "$2" ;;
    esac
}

ec_key() {
    ossl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" -pkeyopt ec_param_enc:named_curve \
        -out "$2"
}

# self_signed NAME EXTENSIONS: NAME.pem for NAME.key.
self_signed() {
    ossl req -new -x509 -config openssl.cnf -key "$1.key" -subj "/O=lua-bedrock tests/CN=$1" \
        -extensions "$2" -days 3650 -sha256 -out "$1.pem"
}

# issue ISSUER KEY SUBJECT EXTENSIONS OUT [openssl ca options]: a certificate for KEY.
issue() {
    issuer=$1 key=$2 subject=$3 extensions=$4 target=$5
    shift 5
    ossl req -new -config openssl.cnf -key "$key" -subj "/O=lua-bedrock tests/CN=$subject" \
        -out request.pem
    ossl ca -batch -notext -config openssl.cnf -cert "$issuer.pem" -keyfile "$issuer.key" \
        -extfile openssl.cnf -extensions "$extensions" -in request.pem -out "$target" "$@"
}

# bad NAME KEYKIND EXTENSIONS ISSUER [openssl ca options]
bad() {
    name=$1 keykind=$2 section=$3 by=$4
    shift 4
    make_key "$keykind" "$name.key.pem"
    issue "$by" "$name.key.pem" "$name" "$section" "$name.crt.pem" -rand_serial "$@"
}

make_authorities() {
    for authority in ca other-ca tls-ca; do
        make_key rsa2048 "$authority.key"
        self_signed "$authority" authority
    done
    make_key rsa2048 intermediate.key
    issue ca intermediate.key intermediate authority intermediate.pem \
        -rand_serial -startdate $always -days 3650
}

leaf_certificate() {
    if [ "$1" = p256 ]; then
        echo 1A2B >ca-db/serial
        issue intermediate "$1.key.pkcs8.pem" "$1" leaf "$1.crt.pem" -startdate $always -days 60
    else
        issue intermediate "$1.key.pkcs8.pem" "$1" leaf "$1.crt.pem" \
            -rand_serial -startdate $always -days 60
    fi
    ossl x509 -in "$1.crt.pem" -outform DER -out "$1.crt.der"
    cat "$1.crt.pem" intermediate.pem ca.pem >"$1.chain.pem"
    cat ca.pem "$1.crt.pem" intermediate.pem >"$1.chain-shuffled.pem"
}

key_forms() {
    pkcs8=$1.key.pkcs8.pem
    ossl pkcs8 -topk8 -nocrypt -in "$pkcs8" -outform DER -out "$1.key.pkcs8.der"
    for form in pem der; do
        ossl pkcs8 -topk8 -v2 aes-256-cbc -in "$pkcs8" -outform "$form" \
            -passout "pass:$password" -out "$1.key.pkcs8.enc.$form"
    done
    case $1 in
    rsa*)
        ossl rsa -in "$pkcs8" -traditional -out "$1.key.trad.pem"
        ossl rsa -in "$pkcs8" -traditional -outform DER -out "$1.key.trad.der"
        ossl rsa -in "$pkcs8" -traditional -aes-256-cbc -passout "pass:$password" \
            -out "$1.key.trad.enc.pem"
        ;;
    *)
        ossl pkey -in "$pkcs8" -traditional -out sec1.pem
        ec_parameters "$1" >"$1.key.trad.pem"
        cat sec1.pem >>"$1.key.trad.pem"
        ossl ec -in "$pkcs8" -outform DER -out "$1.key.trad.der"
        ossl ec -in "$pkcs8" -aes-256-cbc -passout "pass:$password" -out "$1.key.trad.enc.pem"
        ;;
    esac
}

ec_parameters() {
    case $1 in
    p256) curve=prime256v1 ;;
    p384) curve=secp384r1 ;;
    p521) curve=secp521r1 ;;
    esac
    openssl ecparam -name "$curve"
}

bundles() {
    for form in "p12 $password" "nopass.p12 "; do
        ossl pkcs12 -export -inkey "$1.key.pkcs8.pem" -in "$1.crt.pem" -certfile intermediate.pem \
            -name "$1" -passout "pass:${form#* }" -out "$1.${form%% *}"
    done
    cat "$1.crt.pem" "$1.key.pkcs8.pem" >"$1.both.pem"
    cat "$1.key.pkcs8.pem" "$1.crt.pem" >"$1.both-reversed.pem"
}

odd_files() {
    awk '{ printf "%s\r\n", $0 }' "$1.both.pem" >"$1.crlf.pem"
    { printf '\357\273\277' && cat "$1.both.pem"; } >"$1.bom.pem"
    ossl pkcs12 -nodes -in "$1.p12" -passin "pass:$password" -out "$1.bag.pem"
    {
        echo "Certificate of the build machine, ask operations before replacing it."
        echo "# ----- not a PEM line -----"
        openssl x509 -in "$1.crt.pem" -text
        echo
        echo "The key that belongs to it:"
        cat "$1.key.pkcs8.pem"
        echo "end of file"
    } >"$1.comments.pem"
    if openssl list -providers -provider legacy >/dev/null 2>&1; then
        ossl pkcs12 -export -legacy -inkey "$1.key.pkcs8.pem" -in "$1.crt.pem" \
            -certfile intermediate.pem -passout "pass:$password" -out "$1.legacy.p12"
    fi
}

bad_certificates() {
    bad expired p256 leaf intermediate -startdate 20200101000000Z -enddate 20210101000000Z
    bad future p256 leaf intermediate -startdate 20990101000000Z -enddate 21000101000000Z
    bad ca-leaf p256 ca_leaf intermediate -days 60
    bad nodigsig rsa2048 nodigsig_leaf intermediate -days 60
    bad nokeyusage p256 nokeyusage_leaf intermediate -days 60
    bad sha1 rsa2048 leaf intermediate -days 60 -md sha1
    bad rsa1024 rsa1024 leaf intermediate -days 60
    bad ed25519 ed25519 leaf intermediate -days 60
    bad secp256k1 secp256k1 leaf intermediate -days 60
    bad other p256 leaf other-ca -startdate $always -days 60
    bad soon p256 leaf intermediate -startdate $always -days 6
}

broken_files() {
    head -n 9 rsa2048.crt.pem >truncated.pem
    {
        echo "-----BEGIN CERTIFICATE-----"
        echo "bm90IGEgY2VydGlmaWNhdGUsIG9ubHkgYmFzZTY0IG9mIHNvbWUgcHJvc2Ug"
        echo "-----END CERTIFICATE-----"
    } >garbage.pem
    : >empty.pem
    cat rsa2048.key.pkcs8.pem p256.key.pkcs8.pem >two-keys.pem
}

server_certificates() {
    for name in tls-good tls-expired tls-wronghost tls-untrusted; do
        make_key p256 "$name.key"
    done
    issue tls-ca tls-good.key localhost server tls-good.pem -rand_serial -startdate $always -days 60
    issue tls-ca tls-expired.key localhost server tls-expired.pem \
        -rand_serial -startdate 20200101000000Z -enddate 20210101000000Z
    issue tls-ca tls-wronghost.key example.invalid server_wronghost tls-wronghost.pem \
        -rand_serial -startdate $always -days 60
    self_signed tls-untrusted server
}

make_authorities
for kind in $kinds; do
    make_key "$kind" "$kind.key.pkcs8.pem"
    leaf_certificate "$kind"
    key_forms "$kind"
    bundles "$kind"
done
odd_files rsa2048
odd_files p256
issue intermediate rsa2048.key.pkcs8.pem rsa2048-sha384 leaf rsa2048.sha384.crt.pem \
    -rand_serial -startdate $always -days 60 -md sha384
bad_certificates
broken_files
server_certificates
cp "$here"/mldsa*.pem .

rm -rf ca-db openssl.cnf openssl.log request.pem sec1.pem
mv -f -- * "$out/"
touch "$out/.complete"
