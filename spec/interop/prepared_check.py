"""Compares requests this library prepared with what botocore would send for the same input.

Reads the lines of prepared.lua on stdin. For each case, method, host, path bytes, query, signed
headers, body and signature must agree but for what docs/differences-from-boto3.md explains. botocore sends
members as they are given, so they are given in the order of its own model, other keys sorted: the
bodies must then agree in the order of all keys, too. Prints "ok" and "not ok" lines.
"""

import base64
import datetime
import functools
import json
import re
import sys
from urllib.parse import parse_qsl

import botocore.exceptions
import prepare_boto3 as oracle
from botocore import xform_name
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = {
    "access_key_id": "AKIDEXAMPLE0000000001",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "session_token": "FwoGZXIvYXdzEXAMPLE//token+for/tests==",
}
REGION = "eu-central-1"

# Needs HTTP/2 both ways; botocore has no such method either.
NOT_COMPARED = {"InvokeModelWithBidirectionalStream"}

FRACTION = re.compile(r"(?<=\d)(\.\d{3,6})Z")
UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@functools.cache
def client(service):
    return oracle.client_for(
        {"service": service, "region": REGION, "credentials": KEYS, "validate": False}
    )


def to_python(value):
    if isinstance(value, list):
        return [to_python(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$blob" in value:
        return base64.b64decode(value["$blob"])
    if "$time" in value:
        return datetime.datetime.fromtimestamp(value["$time"], datetime.timezone.utc)
    if "$doc" in value:
        return value["$doc"]
    return {name: to_python(item) for name, item in value.items()}


def body_of(request):
    return None if request["body"] is None else base64.b64decode(request["body"])


def members_of(body):
    """Those of a JSON object; bytes that are none, though they may begin like one, have none."""
    try:
        value = json.loads(body or b"")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def with_our_tokens(params, auto, ours):
    """The tokens this library made up, so that botocore sends the same."""
    sent = dict(parse_qsl(ours["query"])) | members_of(body_of(ours))
    made_up = (v for v in ours["headers"].values() if UUID.fullmatch(v))
    for name in auto:
        params[name] = sent.get(name) or next(made_up, None)
    return params


def in_order(value, shape):
    """The value with members in the order of botocore's model, and other keys by their bytes."""
    kind = shape.type_name if shape else None
    if isinstance(value, list):
        return [in_order(item, shape.member if kind == "list" else None) for item in value]
    if not isinstance(value, dict):
        return value
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        known = [name for name in shape.members if name in value]
        return {name: in_order(value[name], shape.members[name]) for name in known}
    inner = shape.value if kind == "map" else None
    return {name: in_order(value[name], inner) for name in sorted(value, key=str.encode)}


def theirs(case, ours):
    params = with_our_tokens(to_python(case["input"]), case["expect"].get("auto") or [], ours)
    model = client(case["service"]).meta.service_model.operation_model(case["op"])
    params = in_order(params, model.input_shape)
    try:
        with oracle.fixed_clock(ours["headers"].get("x-amz-date", "20260101T000000Z")):
            getattr(client(case["service"]), xform_name(case["op"]))(**params)
    except oracle.Captured as captured:
        return oracle.description(captured.request)
    raise AssertionError("no request came out of botocore")


def signed_names(headers):
    """None for the operations that are sent unsigned."""
    if "authorization" not in headers:
        return set()
    return set(headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";"))


def signature_of(ours):
    """The Authorization that botocore gives the very request that this library prepared."""
    # botocore's HTTP library says accept-encoding, after the signature.
    later = ("authorization", "x-amz-date", "accept-encoding")
    given = {n: v for n, v in ours["headers"].items() if n not in later}
    url = f"https://{ours['host']}{ours['path']}" + (f"?{ours['query']}" if ours["query"] else "")
    request = AWSRequest(ours["method"], url, given, body_of(ours))
    scope = ours["headers"]["authorization"].split("Credential=")[1].split(",")[0].split("/")
    keys = Credentials(KEYS["access_key_id"], KEYS["secret_access_key"], KEYS["session_token"])
    with oracle.fixed_clock(ours["headers"]["x-amz-date"]):
        SigV4Auth(keys, scope[3], scope[2]).add_auth(request)
    return request.headers["Authorization"]


def shorter(text):
    """Times without the zeros that end their fraction."""
    return FRACTION.sub(lambda found: found[1].rstrip("0").rstrip(".") + "Z", text)


def near(a, b):
    """Equal JSON, keys in the same order, numbers by value."""
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(near(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(near, a, b))
    if isinstance(a, str) and isinstance(b, str):
        return shorter(a) == shorter(b)
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def same_body(mine, other):
    if not mine or not other:
        return (mine or b"") == (other or b"")
    if mine == other:
        return True
    try:
        return near(json.loads(mine), json.loads(other))
    except ValueError:
        return parse_qsl(mine.decode()) == parse_qsl(other.decode())


def differences(ours, other):
    if ours["method"] != other["method"]:
        yield f"method {ours['method']}, botocore {other['method']}"
    if ours["host"] != other["headers"]["host"]:
        yield f"host {ours['host']}, botocore {other['headers']['host']}"
    if ours["path"] != other["path"]:
        yield f"path {ours['path']}, botocore {other['path']}"
    if sorted(shorter(ours["query"]).split("&")) != sorted(shorter(other["query"]).split("&")):
        yield f"query {ours['query']}, botocore {other['query']}"
    mine, its = signed_names(ours["headers"]), set(other["signed_headers"] or ())
    if mine != its:
        yield f"signed headers {sorted(mine)}, botocore {sorted(its)}"
    for name in mine & its:
        if ours["headers"][name] != other["headers"][name].strip():
            yield f"{name}: {ours['headers'][name]}, botocore {other['headers'][name]}"
    if mine and ours["headers"]["authorization"] != signature_of(ours):
        yield f"signed {ours['headers']['authorization']}, by botocore {signature_of(ours)}"
    if not same_body(body_of(ours), body_of(other)):
        yield f"body {body_of(ours)!r:.300}, botocore {body_of(other)!r:.300}"


def check(case, ours):
    if "error" in ours:
        return [ours["error"]]
    try:
        return list(differences(ours, theirs(case, ours)))
    except (botocore.exceptions.BotoCoreError, AttributeError, AssertionError) as error:
        return [f"{type(error).__name__}: {error}"]


def main():
    for line in sys.stdin:
        item = json.loads(line)
        if item["case"]["op"] in NOT_COMPARED:
            continue
        found = check(item["case"], item["ours"])
        name = item["case"]["id"]
        print(f"not ok - {name}: " + "; ".join(found) if found else f"ok - {name}")


if __name__ == "__main__":
    main()
