"""What the Python clients share: where the endpoint is, and counted checks."""

import json
import os
import ssl
import sys
import traceback
import urllib.request
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

ENDPOINT = json.loads(Path(os.environ["INTEROP_ENDPOINT"]).read_text())
PKI = Path(ENDPOINT["pki"])
REGION = "eu-west-3"
_ROLES_ANYWHERE = f"arn:aws:rolesanywhere:{REGION}:123456789012"
ARNS = {
    "profile_arn": f"{_ROLES_ANYWHERE}:profile/a1b2c3d4-0000-4000-8000-00000000000a",
    "trust_anchor_arn": f"{_ROLES_ANYWHERE}:trust-anchor/a1b2c3d4-0000-4000-8000-00000000000b",
    "role_arn": "arn:aws:iam::123456789012:role/bedrock-caller",
}


def check(name, function, *arguments):
    """Runs one check and prints its outcome; an exception is a failure."""
    try:
        function(*arguments)
    except Exception as error:
        place = traceback.extract_tb(sys.exc_info()[2])[-1]
        print(
            f"not ok - {name}: {type(error).__name__}: {error} ({place.name}:{place.lineno})",
            flush=True,
        )
    else:
        print(f"ok - {name}", flush=True)


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"{actual!r} is not {expected!r}")


def contains(text, part):
    if part not in text:
        raise AssertionError(f"{part!r} is not in {text!r}")


def control(method, path, value=None):
    data = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(ENDPOINT["control"] + path, data=data, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def last_request():
    return control("GET", "/requests")[-1]


def send(request):
    """Sends a prepared request byte by byte as given and returns status, headers and body."""
    url = urlsplit(request.url)
    if url.scheme == "https":
        trust = ssl.create_default_context(cafile=ENDPOINT["ca_file"])
        connection = HTTPSConnection(url.hostname, url.port, context=trust)
    else:
        connection = HTTPConnection(url.hostname, url.port)
    target = url.path + ("?" + url.query if url.query else "")
    connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
    headers = [(name, value) for name, value in request.headers.items()]
    if not any(name.lower() == "host" for name, _ in headers):
        headers.append(("Host", url.netloc))
    if not any(name.lower() == "content-length" for name, _ in headers):
        headers.append(("Content-Length", str(len(request.body or b""))))
    for name, value in headers:
        connection.putheader(name, value if isinstance(value, bytes) else str(value))
    connection.endheaders(request.body)
    answer = connection.getresponse()
    result = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    connection.close()
    return result


def accepted(request, status=200):
    got, _, body = send(request)
    assert got == status, (got, body, last_request().get("reason"))
    equal(last_request()["verified"], True)


def refused(request, code, reason):
    status, headers, _ = send(request)
    record = last_request()
    assert status in (400, 403), (status, record.get("reason"))
    equal(headers["x-amzn-errortype"].split(":")[0], code)
    equal(record["verified"], False)
    contains(record["reason"], reason)
