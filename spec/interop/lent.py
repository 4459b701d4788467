"""`bedrock credentials` as the credential_process of boto3, of the AWS CLI and of the JavaScript SDK, and `bedrock exec`
around them, as docs/credentials-for-other-programs.md has it.

    spec/interop/lent.py BUILDDIR
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from checks import ARNS, ENDPOINT, PKI, REGION, check, contains, control, equal, last_request

BUILD = Path(sys.argv[1]).resolve()
COMMAND = BUILD / "bin" / "bedrock"
AWS = BUILD / "interop" / "aws" / "bin" / "aws"
SDK = Path(__file__).with_name("lent.mjs")
AT_ONCE = 32
SETTINGS = {
    **ARNS,
    "certificate": f"{PKI}/p256.crt.pem",
    "private_key": f"{PKI}/p256.key.pkcs8.pem",
    "certificate_chain": f"{PKI}/intermediate.pem",
    "session_name": "lent",
    "region": REGION,
    "endpoint": ENDPOINT["https"],
    "ca_file": ENDPOINT["ca_file"],
}


def write_home(home):
    """Settings, and a profile that names the command."""
    home.chmod(0o700)
    settings = home / "settings.json"
    settings.write_text(json.dumps(SETTINGS))
    settings.chmod(0o600)
    (home / "config").write_text(
        f"[profile bedrock]\nregion = {REGION}\n"
        f"credential_process = {COMMAND} credentials --settings {settings}\n"
    )
    os.environ.update(
        HOME=str(home),
        XDG_CACHE_HOME=str(home / "cache"),
        AWS_CONFIG_FILE=str(home / "config"),
        AWS_CA_BUNDLE=ENDPOINT["ca_file"],
    )
    return settings


def exchanges():
    return control("GET", "/counters").get("CreateSession", 0)


def run(*words, **variables):
    done = subprocess.run(
        words, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def session():
    return boto3.Session(profile_name="bedrock")


def all_at_once():
    """Each session has a process of the command of its own."""
    before = exchanges()
    sessions = [session() for _ in range(AT_ONCE)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        keys = set(pool.map(lambda s: s.get_credentials().get_frozen_credentials().access_key, sessions))
    equal(len(keys), 1)
    equal(exchanges() - before, 1)


def verified(text):
    contains(text, "amazon.nova-lite-v1:0")
    equal(last_request()["verified"], True)


def by_boto3():
    client = session().client("bedrock", endpoint_url=ENDPOINT["https"])
    verified(json.dumps(client.list_foundation_models()["modelSummaries"]))


LIST = ("bedrock", "list-foundation-models", "--endpoint-url", ENDPOINT["https"], "--output", "json")


def by_aws():
    verified(run(AWS, "--profile", "bedrock", *LIST))


def by_javascript():
    verified(run("node", SDK, AWS_PROFILE="bedrock", NODE_EXTRA_CA_CERTS=ENDPOINT["ca_file"]))


def by_exec(settings):
    """A profile of the caller's is in nobody's way."""
    verified(run(COMMAND, "--settings", settings, "exec", AWS, *LIST, AWS_PROFILE="nosuch"))


def still_one():
    equal(exchanges(), 1)


with tempfile.TemporaryDirectory() as directory:
    settings_file = write_home(Path(directory))
    control("POST", "/reset")
    check(f"credential_process: {AT_ONCE} at once with nothing in the cache make one exchange", all_at_once)
    check("credential_process: boto3", by_boto3)
    check("credential_process: the AWS CLI", by_aws)
    check("credential_process: the JavaScript SDK", by_javascript)
    check("exec: the AWS CLI", by_exec, settings_file)
    check("all of them by one exchange", still_one)
