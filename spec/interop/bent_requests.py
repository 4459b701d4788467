"""Requests signed by botocore and by AWS's Roles Anywhere package, each bent in one place.

Each must be refused, and for that very reason.
"""

import datetime
import json
import re

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from checks import ARNS, ENDPOINT, PKI, REGION, accepted, check, contains, control, equal, refused, send
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.hashes import SHA256
from iam_rolesanywhere_session import IAMRolesAnywhereSigner

CONVERSE = "/model/amazon.nova-lite-v1%3A0/converse"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "hello"}]}]}).encode()


def signed(prepare=None, service="bedrock", path=CONVERSE, method="POST", body=BODY):
    request = AWSRequest(
        method,
        ENDPOINT["https"] + path,
        data=body,
        headers=(
            {"Content-Type": "application/json", "X-Amzn-Bedrock-Trace": "ENABLED"} if body else {}
        ),
    )
    if prepare:
        prepare(request)
    keys = Credentials(ENDPOINT["access_key_id"], ENDPOINT["secret_access_key"])
    SigV4Auth(keys, service, REGION).add_auth(request)
    return request.prepare()


def replace_authorization(request, pattern, replacement):
    value = request.headers["Authorization"]
    value = value.decode() if isinstance(value, bytes) else value
    changed = re.sub(pattern, replacement, value)
    assert changed != value, value
    del request.headers["Authorization"]
    request.headers["Authorization"] = changed
    return request


def flip_digit(match):
    return match[1] + ("0" if match[2] != "0" else "1")


def flip_signature(request):
    return replace_authorization(request, r"(Signature=[0-9a-f]{20})([0-9a-f])", flip_digit)


def change_body(request):
    request.body = request.body.replace(b"hello", b"hallo")
    return request


def with_header(request, name, value):
    if name in request.headers:
        del request.headers[name]
    request.headers[name] = value
    return request


def single_encoded(request):
    """Signs the path as S3 wants it, encoded only once."""
    request = AWSRequest(
        "POST", request.url, data=BODY, headers={"Content-Type": "application/json"}
    )
    keys = Credentials(ENDPOINT["access_key_id"], ENDPOINT["secret_access_key"])
    signer = SigV4Auth(keys, "bedrock", REGION)
    signer._normalize_url_path = lambda path: path
    signer.add_auth(request)
    return request.prepare()


def shifted(seconds):
    def at_other_time():
        control("POST", "/config", {"clock_offset_s": -seconds})
        try:
            words = "Signature expired" if seconds < 0 else "Signature not yet current"
            refused(signed(), "InvalidSignatureException", words)
        finally:
            control("POST", "/config", {"clock_offset_s": 0})

    return at_other_time


def bedrock_requests():
    def bent(name, request, code, reason):
        check(f"bent SigV4: {name}", refused, request, code, reason)

    invalid = "InvalidSignatureException"
    check("SigV4 not bent", accepted, signed())
    check(
        "SigV4 of a query with reserved characters",
        accepted,
        signed(
            path="/foundation-models?byProvider=A%2FB%2B%20C%3D&byOutputModality=",
            method="GET",
            body=None,
        ),
    )
    bent("signature digit", flip_signature(signed()), invalid, "signature differs")
    bent("body byte", change_body(signed()), invalid, "signature differs")
    bent(
        "unsigned x-amz header",
        with_header(signed(), "X-Amz-Extra", "1"),
        invalid,
        "header x-amz-extra is not signed",
    )
    bent(
        "signed header changed",
        with_header(signed(), "X-Amzn-Bedrock-Trace", "DISABLED"),
        invalid,
        "signature differs",
    )
    bent(
        "service bedrock-runtime in the scope",
        signed(service="bedrock-runtime"),
        invalid,
        "scoped to bedrock-runtime",
    )
    bent(
        "region of the scope changed",
        replace_authorization(signed(), REGION, "us-east-1"),
        invalid,
        "signature differs",
    )
    bent(
        "path encoded once in the canonical request",
        single_encoded(signed()),
        invalid,
        "signature differs",
    )
    bent(
        "host of another port",
        with_header(signed(), "Host", "127.0.0.1:1"),
        invalid,
        "is not this endpoint",
    )
    bent(
        "date of another day in the scope",
        replace_authorization(signed(), r"/\d{8}/", "/20200101/"),
        invalid,
        "Date in Credential scope",
    )
    bent(
        "content hash of another body",
        signed(lambda r: r.headers.add_header("X-Amz-Content-SHA256", "0" * 64)),
        invalid,
        "x-amz-content-sha256",
    )
    bent(
        "token that was never issued",
        signed(lambda r: r.headers.add_header("X-Amz-Security-Token", "x")),
        "UnrecognizedClientException",
        "token missing, unknown",
    )
    bent(
        "no signature part",
        replace_authorization(signed(), r", Signature=.*", ""),
        "IncompleteSignatureException",
        "'Signature'",
    )
    unsigned = signed()
    del unsigned.headers["Authorization"]
    bent("no Authorization", unsigned, "MissingAuthenticationTokenException", "Missing")
    check("bent SigV4: signed ten minutes ago", shifted(-600))
    check("bent SigV4: signed ten minutes ahead", shifted(600))


class Signer(IAMRolesAnywhereSigner):
    """AWS's signer, with a place to bend each step."""

    def __init__(self, certificate, key, chain="intermediate.pem", algorithm_name=None, sign=None):
        super().__init__(
            certificate=str(PKI / certificate),
            private_key=str(PKI / key),
            certificate_chain=chain and str(PKI / chain),
            region=REGION,
        )
        self.algorithm_name, self.sign = algorithm_name, sign

    @property
    def algorithm(self):
        return self.algorithm_name or super().algorithm

    def signature(self, string_to_sign, _=None):
        if self.sign:
            return self.sign(self.private_key, string_to_sign.encode())
        return super().signature(string_to_sign)


def exchange(kind="rsa2048", certificate=None, prepare=None, body=None, path="/sessions", **bends):
    default = {
        "profileArn": ARNS["profile_arn"],
        "roleArn": ARNS["role_arn"],
        "trustAnchorArn": ARNS["trust_anchor_arn"],
        "durationSeconds": 900,
    }
    request = AWSRequest(
        "POST", ENDPOINT["https"] + path, data=json.dumps(default if body is None else body)
    )
    if prepare:
        prepare(request)
    Signer(certificate or f"{kind}.crt.pem", f"{kind}.key.pkcs8.pem", **bends).add_auth(request)
    prepared = request.prepare()
    prepared.body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return prepared


def bad_certificate(name):
    request = AWSRequest("POST", ENDPOINT["https"] + "/sessions", data=json.dumps({}))
    Signer(
        f"{name}.crt.pem",
        f"{name}.key.pem",
        algorithm_name="AWS4-X509-" + ("RSA" if name in RSA_NAMES else "ECDSA") + "-SHA256",
    ).add_auth(request)
    prepared = request.prepare()
    prepared.body = prepared.body.encode()
    return prepared


RSA_NAMES = ("nodigsig", "sha1", "rsa1024")


def sign_pss(key, text):
    return key.sign(text, padding.PSS(padding.MGF1(SHA256()), 32), SHA256()).hex()


def sign_raw(key, text):
    from cryptography.hazmat.primitives.asymmetric import ec

    r, s = utils.decode_dss_signature(key.sign(text, ec.ECDSA(SHA256())))
    return (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()


def sign_twice_hashed(key, text):
    import hashlib

    return key.sign(hashlib.sha256(text).digest(), padding.PKCS1v15(), SHA256()).hex()


def hex_serial(request):
    return replace_authorization(
        request, r"Credential=(\d+)", lambda m: f"Credential={int(m[1]):x}"
    )


def padded_serial(request):
    return replace_authorization(request, r"Credential=(\d+)", r"Credential=0\1")


def arns_in_query():
    from urllib.parse import quote

    query = "&".join(
        f"{name}={quote(ARNS[key], safe='')}"
        for name, key in (
            ("profileArn", "profile_arn"),
            ("roleArn", "role_arn"),
            ("trustAnchorArn", "trust_anchor_arn"),
        )
    )
    accepted(exchange(path="/sessions?" + query, body={"durationSeconds": 900}), 201)


def answer_form():
    status, _, body = send(exchange())
    answer = json.loads(body)
    equal(status, 201)
    one = answer["credentialSet"][0]
    equal(
        sorted(one["credentials"]), ["accessKeyId", "expiration", "secretAccessKey", "sessionToken"]
    )
    equal(
        sorted(one),
        ["assumedRoleUser", "credentials", "packedPolicySize", "roleArn", "sourceIdentity"],
    )
    expiration = datetime.datetime.strptime(one["credentials"]["expiration"], "%Y-%m-%dT%H:%M:%SZ")
    left = expiration.replace(tzinfo=datetime.timezone.utc) - datetime.datetime.now(
        datetime.timezone.utc
    )
    assert 800 < left.total_seconds() <= 900, left


def bad_parameters(body, word):
    status, headers, answer = send(exchange(body=body))
    equal((status, headers["x-amzn-errortype"].split(":")[0]), (400, "ValidationException"))
    contains(json.loads(answer)["message"], word)


def exchanges():
    def bent(name, request, reason, code="AccessDeniedException"):
        check(f"bent CreateSession: {name}", refused, request, code, reason)

    check("CreateSession not bent, RSA", accepted, exchange(), 201)
    check("CreateSession not bent, EC", accepted, exchange("p256"), 201)
    check(
        "CreateSession with the whole chain, root and all",
        accepted,
        exchange(chain="rsa2048.chain.pem"),
        201,
    )
    check(
        "CreateSession, chain in another order",
        accepted,
        exchange(chain="rsa2048.chain-shuffled.pem"),
        201,
    )
    check("CreateSession with the ARNs in the query", arns_in_query)
    check(
        "CreateSession, leaf issued with SHA-384",
        accepted,
        exchange(certificate="rsa2048.sha384.crt.pem", algorithm_name="AWS4-X509-RSA-SHA256"),
        201,
    )
    check("the answer of CreateSession", answer_form)
    bent("signature digit", flip_signature(exchange()), "does not verify")
    bent("body byte", with_body(exchange(), b"900", b"901"), "does not verify")
    bent(
        "unsigned x-amz header",
        with_header(exchange(), "X-Amz-Extra", "1"),
        "x-amz-extra is not signed",
        "InvalidSignatureException",
    )
    bent("serial in hex", hex_serial(exchange()), "is not the certificate's")
    bent("serial with a leading zero", padded_serial(exchange("p256")), "is not the certificate's")
    bent("PSS instead of PKCS#1 v1.5", exchange(sign=sign_pss), "does not verify")
    bent("hashed twice", exchange(sign=sign_twice_hashed), "does not verify")
    bent("r and s raw instead of DER", exchange("p256", sign=sign_raw), "does not verify")
    bent(
        "RSA algorithm with an EC key",
        exchange("p256", algorithm_name="AWS4-X509-RSA-SHA256"),
        "does not fit",
    )
    bent("SHA-384 algorithm", exchange(algorithm_name="AWS4-X509-RSA-SHA384"), "does not fit")
    bent("signature in upper case", upper_case(exchange()), "not lower-case hex")
    bent("key of another certificate", exchange(certificate="rsa4096.crt.pem"), "does not verify")
    bent("no chain", exchange(chain=None), "no path to the trust anchor")
    bent(
        "chain of another authority", exchange(chain="other-ca.pem"), "no path to the trust anchor"
    )
    bent(
        "date of another day",
        replace_authorization(exchange(), r"/\d{8}/", "/20200101/"),
        "Date in Credential scope",
        "InvalidSignatureException",
    )
    bent(
        "scope bedrock",
        replace_authorization(exchange(), "/rolesanywhere/", "/bedrock/"),
        "scoped to bedrock",
        "InvalidSignatureException",
    )
    reasons = {
        "expired": "outside its dates",
        "future": "outside its dates",
        "ca-leaf": "is a CA",
        "nodigsig": "digitalSignature",
        "nokeyusage": "digitalSignature",
        "sha1": "SHA1",
        "rsa1024": "too weak",
        "secp256k1": "too weak",
        "other": "no path",
    }
    for name, reason in reasons.items():
        bent(f"certificate {name}", bad_certificate(name), reason)
    good = {
        "profileArn": ARNS["profile_arn"],
        "roleArn": ARNS["role_arn"],
        "trustAnchorArn": ARNS["trust_anchor_arn"],
    }
    check(
        "CreateSession without a role",
        bad_parameters,
        {k: v for k, v in good.items() if k != "roleArn"},
        "roleArn",
    )
    check(
        "CreateSession for 899 seconds",
        bad_parameters,
        good | {"durationSeconds": 899},
        "durationSeconds",
    )
    check(
        "CreateSession for a bad session name",
        bad_parameters,
        good | {"roleSessionName": "a b"},
        "roleSessionName",
    )


def with_body(request, old, new):
    changed = request.body.replace(old, new)
    assert changed != request.body
    request.body = changed
    return request


def upper_case(request):
    return replace_authorization(
        request, r"Signature=([0-9a-f]+)", lambda m: "Signature=" + m[1].upper()
    )


control("POST", "/reset", {})
bedrock_requests()
exchanges()
