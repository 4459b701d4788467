#!/usr/bin/env python3
"""Makes what the fuzzers begin with, from the cases of the API and of JSON, and the test certificates.

    spec/fuzz/seeds.py CASES.jsonl.xz JSON-PARSING.txt PKI OUT

OUT/fuzz_NAME/ gets the seeds of that target, in the form its source describes.
"""
import base64
import json
import lzma
import os
import re
import struct
import sys

EVENT_CHOICES = 8
OPERATIONS_WITH_XML = 11


class Seeds:
    """Numbered files, a directory for each target."""

    def __init__(self, out):
        self.out = out
        self.counts = {}

    def add(self, target, content):
        directory = os.path.join(self.out, "fuzz_" + target)
        os.makedirs(directory, exist_ok=True)
        number = self.counts.get(target, 0)
        self.counts[target] = number + 1
        with open(os.path.join(directory, f"seed-{number:05}"), "wb") as file:
            file.write(content)


def event_payloads(body):
    while len(body) >= 16:
        total, headers = struct.unpack(">II", body[:8])
        yield body[12 + headers:total - 4]
        body = body[total:]


def answer(choices, case, body):
    headers = "".join(f"{k}: {v}\n" for k, v in case["http"]["headers"].items()
                      if k != "x-amzn-requestid")
    return bytes(choices) + f"{case['service']}.{case['op']}\n{headers}\n".encode() + body


def from_xml(seeds, body):
    """The whole answer, and what is in its result, for every operation, with its shapes as they are and bent."""
    inner = re.search(rb"<\w+Result>(.*)</\w+Result>", body, re.DOTALL)
    for operation in range(OPERATIONS_WITH_XML):
        for bent in (0, 128):
            seeds.add("xml", bytes([operation + bent, 0]) + body)
            if inner:
                seeds.add("xml", bytes([operation + bent, 1]) + inner[1])


def maps_and_attributes(seeds):
    """Forms that no case has."""
    entry = b"<entry><key>a</key><value>b</value></entry>"
    context = b"TrustedIdentityPropagationContext", b"TransactionContext", b"IdentityProvider"
    opened, closed = b"", b""
    for name in context:
        opened, closed = opened + b"<" + name + b">", b"</" + name + b">" + closed
    for operation in range(OPERATIONS_WITH_XML):
        for bent in (0, 128):
            seeds.add("xml", bytes([operation + bent, 1]) + opened + entry + entry + closed)
            seeds.add("xml", bytes([operation + bent, 1]) + b"<Credentials x:AccessKeyId = 'a&lt;' Expiration=\"1\"/>")


def from_json_texts(seeds, path):
    """The texts that spec/cases/json-parsing.txt says how to read."""
    with open(path, encoding="ascii") as lines:
        for line in lines:
            text = b""
            for piece in line.rstrip("\n").split("\t")[2:]:
                piece, _, times = piece.partition("\\*")
                piece = re.sub(r"\\x(..)", lambda found: chr(int(found[1], 16)), piece)
                text += piece.encode("latin-1") * min(int(times or 1), 250)
            seeds.add("json", text)


def from_cases(seeds, path):
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for case in map(json.loads, lines):
            if "http" not in case:
                continue
            body = base64.b64decode(case["http"]["body64"])
            status = case["http"]["status"]
            seeds.add("decode", answer([status % 100, 0, 0, 0], case, body))
            if case["service"] == "sts":
                from_xml(seeds, body)
            if "events" in case:
                seeds.add("eventstream", b"\0\0" + body)
                for payload in event_payloads(body):
                    for event in range(EVENT_CHOICES):
                        seeds.add("decode", answer([0, 0, event, 64], case, payload))
            elif "error" in case:
                seeds.add("service_error", b"Code:http://example.invalid\n" + body)


def shared_files(seeds):
    """AWS's two files, every way that a profile can have."""
    role = b"role_arn = arn:aws:iam::123456789012:role/x\n"
    keys = b"aws_access_key_id = A\naws_secret_access_key = s\n"
    arn = b"arn:aws:rolesanywhere:eu-west-2:123456789012:"
    helper = (b"credential_process = /x/aws_signing_helper credential-process --certificate c --private-key 'k k' "
              b"--profile-arn " + arn + b"profile/p --role-arn r --trust-anchor-arn=" + arn
              + b"trust-anchor/t --session-duration 900\n")
    profiles = (
        role + b"source_profile = a\nduration_seconds = 900\n[profile a]\n" + keys,
        role + b"source_profile = a\n[profile a]\n" + role + b"source_profile = default\n",
        role + b"credential_source = Environment\n", role + b"web_identity_token_file = f\n",
        role + b"credential_source = Ec2InstanceMetadata\n", helper, keys,
        b"sso_session = s\nsso_account_id = 1\nsso_role_name = r\n[sso-session \"s\"]\nsso_region = r\n"
        b"sso_start_url = u\n",
        b"credential_process = 'a b' \\\" c\n",
        b'login_session = {"accessToken":{"accessKeyId":"a","secretAccessKey":"b","sessionToken":"c",'
        b'"expiresAt":"2030-01-01T00:00:00Z"}}\n',
        b"region = eu-west-1\nservices = s\nmax_attempts = 3\n[services s]\nsts =\n  endpoint_url = http://[::1]:1\n",
    )
    for choice, profile in enumerate(profiles):
        text = b"\xef\xbb\xbf[default]\r\n# c\r\n" + profile
        seeds.add("shared_files", bytes([choice & 7]) + text + b"\0[a]\n" + keys + b" more\n\n[DEFAULT]\nx: y\n")
        seeds.add("shared_files", bytes([4]) + b"[default]\n\0" + text)


def read(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def from_certificates(seeds, pki):
    """A byte of form, then the file or files: see fuzz_x509.c."""
    chain = read(pki, "intermediate.pem")
    for name in sorted(os.listdir(pki)):
        if name.startswith((".", "tls-", "rsa4096")):
            continue
        content = read(pki, name)
        form = 1 if name.endswith(".p12") else 2 if name.endswith(".der") else 0
        seeds.add("x509", bytes([form]) + content)
        kind = name.split(".")[0]
        if ".key." in name and name.endswith(".pem"):
            certificate = read(pki, kind + ".crt.pem")
            seeds.add("x509", b"\0" + b"\0".join([certificate, content, chain]))


def frame(kind, contents):
    return struct.pack(">BI", kind, len(contents)) + contents


def main(cases, json_texts, pki, out):
    seeds = Seeds(out)
    from_cases(seeds, cases)
    maps_and_attributes(seeds)
    from_json_texts(seeds, json_texts)
    shared_files(seeds)
    from_certificates(seeds, pki)
    text = json.dumps({"credentialSet": [{"credentials": {
        "accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "secret", "sessionToken": "token",
        "expiration": "2026-01-01T00:00:00Z"}, "roleArn": "arn", "packedPolicySize": 10}],
        "subjectArn": None}).encode()
    seeds.add("frames", b"\3" + frame(1, struct.pack(">IHBBHII", 1, 200, 0, 1, 1, 1, 1) + b"ab")
              + frame(2, b"data") + frame(3, b"\0{}") + frame(6, b""))
    seeds.add("answer", text)
    keys = b'"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"secret","Token":"token","SessionToken":"token"'
    seeds.add("ways", b"\0{" + keys + b',"Code":"Success","Expiration":"2026-01-01T00:00:00Z"}')
    seeds.add("ways", b'\0{"Code":"AccessDenied","Message":"access denied"}')
    seeds.add("ways", b'\1{"Version":1,' + keys + b"}")
    seeds.add("ways", b'\2{"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t",'
              b'"expiration":1795946400000}}')
    seeds.add("ways", b"\3/bin/a 'b c' \"d \\\"e\" f\\ g")
    seeds.add("ways", b"\4http://169.254.170.2/v2/credentials/a?b=c")
    seeds.add("ways", b'\5{"accessToken":"a","expiresAt":"2026-01-01T00:00:00UTC","expiresIn":10,"refreshToken":"r",'
              b'"clientId":"c","clientSecret":"s","registrationExpiresAt":"2026-01-01T00:00:00Z"}')
    seeds.add("ways", b"\6my-role\n")
    seeds.add("model", b'\0{"a":{"a":{"b":"YQ=="}},"b":["a",null],"c":{"a":["b"]},"id":"x"}')
    seeds.add("model", b"\0<DoResponse><DoResult><a><b>YQ==</b></a><c>1</c></DoResult></DoResponse>")
    # A list in an answer's header.
    seeds.add("model", b")\x03\x0a\x0a\x03\x06\x0a\x0b\xa1\x8a")
    seeds.add("json", text)
    seeds.add("sse", b"\0\xef\xbb\xbf: hello\n\nevent: add\ndata: a\ndata:  b\nid: 1\nretry: 10\n\n")
    seeds.add("sse", b"\2data\r\rdata:{}\r\n\r\nid\0\nid:\nevent\ndata: [DONE]\n\ndata: cut")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
