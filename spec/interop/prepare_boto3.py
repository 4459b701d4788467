"""What botocore would send: the oracle for prepared requests.

Reads one JSON object a line:
    {"service", "operation", "params", "region", "credentials", "endpoint", "timestamp", "validate"}
operation is AWS's name or botocore's snake_case; bytes are {"$blob": base64}; credentials are
{"access_key_id", "secret_access_key", "session_token"} or {"api_key"}; endpoint is a URL, or null
for AWS's own; timestamp is YYYYMMDD'T'HHMMSS'Z', or null for now; validate false switches
botocore's parameter validation off. Prints one JSON object a line:
    {"method", "url", "path", "query", "headers", "body", "signed_headers"}
with path and query as on the wire, headers lower-case, body in base64 (null: none), signed_headers
a list (null: not signed); or {"error"}. Nothing is sent.
"""

import base64
import datetime
import json
import os
import re
import sys
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
import botocore.session
from botocore import xform_name
from botocore.config import Config

CLIENT_SETTINGS = ("service", "region", "endpoint", "credentials", "validate")
_clients = {}


class Captured(Exception):
    """Carries the request out of botocore just before it would be sent."""

    def __init__(self, request):
        super().__init__("captured")
        self.request = request


def capture(request, **_):
    raise Captured(request)


def blobs(value):
    """The parameters with {"$blob": base64} turned into bytes."""
    if isinstance(value, dict):
        if set(value) == {"$blob"}:
            return base64.b64decode(value["$blob"])
        return {name: blobs(member) for name, member in value.items()}
    if isinstance(value, list):
        return [blobs(member) for member in value]
    return value


def use_api_key(key):
    os.environ.pop("AWS_BEARER_TOKEN_BEDROCK", None)
    if key:
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = key


def client_for(job):
    """A client for the job's settings; jobs of the same settings share one."""
    keys = job.get("credentials") or {}
    use_api_key(keys.get("api_key"))
    settings = json.dumps([job.get(n) for n in CLIENT_SETTINGS], sort_keys=True)
    if settings not in _clients:
        _clients[settings] = new_client(job, keys)
    return _clients[settings]


def new_client(job, keys):
    client = botocore.session.Session().create_client(
        job["service"],
        region_name=job.get("region") or "us-east-1",
        endpoint_url=job.get("endpoint"),
        aws_access_key_id=keys.get("access_key_id"),
        aws_secret_access_key=keys.get("secret_access_key"),
        aws_session_token=keys.get("session_token"),
        config=Config(
            retries={"total_max_attempts": 1}, parameter_validation=job.get("validate", True)
        ),
    )
    client.meta.events.register_last("before-send.*.*", capture)
    return client


def fixed_clock(stamp):
    """Makes botocore sign at the given moment."""
    moment = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    return mock.patch.object(botocore.auth, "get_current_datetime", lambda **_: moment)


def as_text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def body_of(request):
    body = request.body
    if body is None:
        return None
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    return base64.b64encode(body).decode()


def description(request):
    headers = {name.lower(): as_text(value) for name, value in request.headers.items()}
    signed = re.search(r"SignedHeaders=([^,]+)", headers.get("authorization", ""))
    url = urlsplit(request.url)
    headers.setdefault("host", url.netloc)
    return {
        "method": request.method,
        "url": request.url,
        "path": url.path,
        "query": url.query,
        "headers": headers,
        "body": body_of(request),
        "signed_headers": signed[1].split(";") if signed else None,
    }


def prepared(job):
    client = client_for(job)
    call = getattr(client, xform_name(job["operation"]))
    try:
        if job.get("timestamp"):
            with fixed_clock(job["timestamp"]):
                call(**blobs(job.get("params") or {}))
        else:
            call(**blobs(job.get("params") or {}))
    except Captured as captured:
        return description(captured.request)
    return {"error": "no request came out of botocore"}


def main():
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            answer = prepared(json.loads(line))
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
