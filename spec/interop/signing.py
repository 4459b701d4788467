"""Signatures of bedrock.sign beside those of botocore, over a grid of requests.

    signing.py jobs       prints the grid, one JSON object a line, for signed.lua to sign
    signing.py check      reads the lines of signed.lua, prints "ok" and "not ok" lines
    signing.py vectors    prints every 89th job with botocore's answer: spec/cases/signatures.jsonl

botocore signs a query as it stands in the URL. Where names and values are not percent-encoded as
Signature Version 4 wants them, it is given them decoded instead, and encodes them itself. What
docs/differences-from-boto3.md says is signed by botocore alone is kept from it.
"""

import itertools
import json
import sys
from urllib.parse import quote, unquote_to_bytes, urlsplit

import prepare_boto3 as oracle
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.handlers import S3_SIGNING_NAMES

KEY_ID, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION, TIME, STAMP = "eu-central-1", 1795348800, "20261122T120000Z"
EVERY = 89

SERVICES = ["bedrock", "bedrock-mantle", "execute-api", *S3_SIGNING_NAMES]
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD"]
ORIGINS = [
    "https://bedrock.eu-central-1.amazonaws.com",
    "https://Bucket.S3.amazonaws.com",
    "https://h.example:443",
    "http://h.example:80",
    "https://h.example:8443",
    "http://127.0.0.1:9000",
    "https://[::1]:443",
    "http://[::1]:9000",
]
PATHS = [
    "", "/", "//", "/./", "/../", "/.", "/..", "/a", "/a/", "/a//b", "//a///b//", "/a/./b", "/a/../b", "/a/b/..",
    "/a/b/../", "/../../a", "/a/.../b", "/a%2Fb", "/a%2fb", "/a%20b", "/a+b", "/a%2Bb", "/%2E%2E/a", "/%C3%BC", "/ü",
    "/\U0001d11e", "/model/us.amazon.nova-lite-v1%3A0/converse", "/model/arn%3Aaws%3Abedrock/invoke",
    "/a:b@c!$&'()*,;=", "/~a-b_c.d", "/%41",
]  # fmt: skip
QUERIES = [
    None, "", "a", "a=", "a&b", "a=b=c", "a=b%3Dc", "a+b=c+d", "a%20b=c%20d", "a%2Fb=c%2Fd", "a=%2f", "a=/:@",
    "%C3%BC=%E2%82%AC", "ü=€", "b=1&a=2", "a=2&a=1&a=10", "a=1&A=2&a-b=3&a0=4&aa=5", "a&a=&a=1", "a%3D=1&a=2",
    "a=~-_.", "a=%7E", "X-Amz-Date=1&prefix=", "a=1&&b=2&",
]  # fmt: skip
BODIES = [None, "", "{}", "x\n\0ü", "y" * 300]
TOKENS = [None, "TOKEN//+=", "t" * 200]
HEADERS = [
    {},
    {"Content-Type": "application/json"},
    {"X-UPPER": "UPPER", "x-Mixed": "Mixed"},
    {"x-spaces": "  a   b  c ", "x-tabs": "a\t\tb \tc"},
    {"x-empty": ""},
    {"x-unicode": "ü€"},
    {"Keep-Alive": "timeout=5", "Connection": "keep-alive", "User-Agent": "me", "Expect": "100-continue"},
    {"TE": "trailers", "Trailer": "x", "Transfer-Encoding": "chunked", "Upgrade": "h2c"},
    {"Proxy-Authorization": "p", "Proxy-Authenticate": "p", "X-Amzn-Trace-Id": "Root=1"},
    {"traceparent": "00-1", "tracestate": "a=1", "baggage": "b=1"},
    {"Cache-Control": "no-cache", "Range": "bytes=0-9", "x-amz-meta-a": "1", "accept": "*/*", "Referer": "r"},
    {"Content-Length": "0", "Accept-Encoding": "gzip", "Via": "1.1 p", "Forwarded": "for=x",
     "X-Forwarded-For": "10.0.0.1", "Proxy-Connection": "close", "x-b": "b"},
]  # fmt: skip

OURS_UNSIGNED = (
    "accept-encoding", "content-length", "via", "forwarded", "x-forwarded-for", "proxy-connection",
)  # fmt: skip


def job(service, method, origin, path, query, body, token, headers):
    url = origin + path + ("" if query is None else "?" + query)
    wanted = {"method": method, "url": url, "body": body, "session_token": token, "service": service}
    return {k: v for k, v in wanted.items() if v is not None} | {"headers": headers}


def grid():
    """Every path with every query; everything else with everything else; the rest goes round."""
    rest = itertools.cycle(itertools.product(METHODS, ORIGINS, BODIES, TOKENS, HEADERS))
    skip = 7  # coprime to the number of those, so that each comes in time
    for service, path, query in itertools.product(SERVICES, PATHS, QUERIES):
        method, origin, body, token, headers = next(itertools.islice(rest, skip, None))
        yield job(service, method, origin, path, query, body, token, headers)
    others = itertools.cycle(itertools.product(PATHS, QUERIES, ORIGINS))
    for service, method, body, token, headers in itertools.product(
        SERVICES, METHODS, BODIES, TOKENS, HEADERS
    ):
        path, query, origin = next(itertools.islice(others, skip, None))
        yield job(service, method, origin, path, query, body, token, headers)


def encoded(name_or_value):
    return quote(unquote_to_bytes(name_or_value), safe="-_.~")


def pairs_of(query):
    return [pair.partition("=")[::2] for pair in query.split("&") if pair]


def is_canonical(query):
    text = "&".join(encoded(n) + "=" + encoded(v) for n, v in pairs_of(query))
    return text == "&".join(n + "=" + v for n, v in pairs_of(query)) and "" not in query.split("&")


def request_of(wanted):
    parts = urlsplit(wanted["url"])
    body = wanted.get("body")
    headers = {n: v for n, v in wanted["headers"].items() if n.lower() not in OURS_UNSIGNED}
    url = f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"
    params = None
    if is_canonical(parts.query):
        url += "?" + parts.query if parts.query else ""
    else:
        params = [tuple(unquote_to_bytes(t).decode() for t in pair) for pair in pairs_of(parts.query)]
    data = None if body is None else body.encode()
    return AWSRequest(wanted["method"], url, headers, data, params)


def signed_by_botocore(wanted):
    request = request_of(wanted)
    signer = S3SigV4Auth if wanted["service"] in S3_SIGNING_NAMES else SigV4Auth
    keys = Credentials(KEY_ID, SECRET, wanted.get("session_token"))
    with oracle.fixed_clock(STAMP):
        signer(keys, wanted["service"], REGION).add_auth(request)
    given = {name.lower() for name in wanted["headers"]}
    return {
        name.lower(): oracle.as_text(value)
        for name, value in request.headers.items()
        if name.lower() not in given
    }


def complete(wanted):
    return {
        **wanted, "region": REGION, "time": TIME, "access_key_id": KEY_ID, "secret_access_key": SECRET,
    }  # fmt: skip


def check():
    for line in sys.stdin:
        item = json.loads(line)
        ours, theirs = item["added"], signed_by_botocore(item["job"])
        ours.pop("host", None)  # botocore leaves it to its client
        name = "sign {service} {method} {url}".format(**item["job"])
        print(f"ok - {name}" if ours == theirs else f"not ok - {item['job']}: {ours}, botocore {theirs}")


def vectors():
    for wanted in itertools.islice(grid(), 0, None, EVERY):
        print(json.dumps({"job": complete(wanted), "added": signed_by_botocore(wanted)}))


def jobs():
    for wanted in grid():
        print(json.dumps(complete(wanted)))


if __name__ == "__main__":
    {"jobs": jobs, "check": check, "vectors": vectors}[sys.argv[1]]()
