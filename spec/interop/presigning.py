"""Presigned URLs and API keys beside those of botocore and of AWS's token generator.

    presigning.py jobs [SEED]    prints random requests, one JSON object a line, for presigned.lua
    presigning.py check          reads the lines of presigned.lua, prints "ok" and "not ok" lines
    presigning.py vectors        prints every 61st URL's job with botocore's URL: spec/cases/presigned.jsonl

What docs/differences-from-boto3.md says is different is kept from botocore: headers that it alone
signs, repeated names in a query, of which it drops all but the first, and one content type.
"""

import itertools
import json
import random
import sys
from urllib.parse import urlsplit

import prepare_boto3 as oracle
from aws_bedrock_token_generator.token_generator import _generate_token
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.handlers import S3_SIGNING_NAMES

import signing

REQUESTS = 3000
KEYS = 500
EVERY = 61
CHARACTERS = "aZ09-._~ /:?#[]@!$&'()*+,;=%\"<>{}|\\^`ü€\U0001d11e"
UNESCAPED = set("aZ09-._~/:@!$'()*,;")
REGIONS = ["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "ap-southeast-4"]
TOKENS = [None, "TOKEN//+=", "IQoJb3JpZ2luX2VjE" + "x/+" * 200 + "=="]


def text(rng, most):
    return "".join(rng.choice(CHARACTERS) for _ in range(rng.randint(0, most)))


def escaped(rng, value, kept):
    """Percent-encoded where it must be, and where chance wants it."""
    return "".join(
        c if c in kept and rng.random() < 0.8 else "".join(f"%{b:02{rng.choice('xX')}}" for b in c.encode())
        for c in value
    )


def random_query(rng):
    names = {}
    for _ in range(rng.choice([0, 0, 1, 2, 5, 20])):
        names[text(rng, 6) or "empty"] = text(rng, 8)
    pairs = []
    for name, value in names.items():
        pair = escaped(rng, name, UNESCAPED)
        if value or rng.random() < 0.5:
            pair += "=" + escaped(rng, value, UNESCAPED | set("=+?"))
        pairs.append(pair)
    return rng.choice(["&", "&", "&&"]).join(pairs)


def random_path(rng):
    segments = [
        rng.choice(["", ".", "..", "model", "a%2Fb", escaped(rng, text(rng, 6), UNESCAPED - set("?#"))])
        for _ in range(rng.randint(1, 5))
    ]
    return "/" + "/".join(segments)


def random_headers(rng):
    headers = dict(rng.choice(signing.HEADERS))
    if rng.random() < 0.3:
        headers["x-amz-acl"] = "private"
    if rng.random() < 0.1:
        headers["X-Amz-Content-Sha256"] = rng.choice(["UNSIGNED-PAYLOAD", "0" * 64])
    return headers


def random_request(rng):
    query = random_query(rng)
    wanted = {
        "method": rng.choice(signing.METHODS),
        "url": rng.choice(signing.ORIGINS) + random_path(rng) + ("?" + query if query else ""),
        "headers": random_headers(rng),
        "service": rng.choice([*signing.SERVICES, "execute-api", "bedrock-agentcore"]),
        "region": rng.choice(REGIONS),
        "expires": rng.choice([1, 60, 900, 3600, 43200, 604800, rng.randint(1, 604800)]),
        "session_token": rng.choice(TOKENS),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def random_keys(rng):
    return {
        "region": rng.choice(REGIONS),
        "duration": rng.choice([1, 900, 43200, rng.randint(1, 43200)]),
        "session_token": rng.choice(TOKENS),
    }


def complete(rng, wanted):
    secret = "".join(rng.choice("aZ09/+") for _ in range(40))
    return {
        **wanted, "time": signing.TIME, "access_key_id": f"AKID{rng.randint(0, 9)}EXAMPLE",
        "secret_access_key": secret,
    }  # fmt: skip


def keys_of(wanted):
    return Credentials(
        wanted["access_key_id"], wanted["secret_access_key"], wanted.get("session_token")
    )


def presigned_by_botocore(wanted):
    parts = urlsplit(wanted["url"])
    url = f"{parts.scheme}://{parts.netloc}{parts.path}" + ("?" + parts.query if parts.query else "")
    headers = {n: v for n, v in wanted["headers"].items() if n.lower() not in signing.OURS_UNSIGNED}
    request = AWSRequest(wanted["method"], url, headers)
    signer = S3SigV4QueryAuth if wanted["service"] in S3_SIGNING_NAMES else SigV4QueryAuth
    with oracle.fixed_clock(signing.STAMP):
        signer(
            keys_of(wanted), wanted["service"], wanted["region"], expires=wanted["expires"]
        ).add_auth(request)
    return request.url


def key_by_aws(wanted, stamp):
    with oracle.fixed_clock(stamp):
        return _generate_token(keys_of(wanted), wanted["region"], wanted["duration"])


def report(same, what, ours, theirs):
    print(f"ok - {what}" if same else f"not ok - {what}: {ours}, the oracle {theirs}")


def check():
    for line in sys.stdin:
        item = json.loads(line)
        wanted, ours = item["job"], item["made"]
        if "url" in wanted:
            theirs = presigned_by_botocore(wanted)
            what = "presign {service} {method} {url}".format(**wanted)
        else:
            theirs = key_by_aws(wanted, item["stamp"])
            what = "api_key {region} {duration}".format(**wanted)
        report(ours == theirs, what, ours, theirs)


def several(rng, make, count):
    for _ in range(count):
        yield complete(rng, make(rng))


def jobs():
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    for make, count in ((random_request, REQUESTS), (random_keys, KEYS)):
        for wanted in several(rng, make, count):
            print(json.dumps(wanted))


def vectors():
    wanted_ones = several(random.Random(0), random_request, REQUESTS)
    for wanted in itertools.islice(wanted_ones, 0, None, EVERY):
        print(json.dumps({"job": wanted, "url": presigned_by_botocore(wanted)}))


if __name__ == "__main__":
    {"jobs": jobs, "check": check, "vectors": vectors}[sys.argv[1]]()
