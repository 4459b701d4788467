"""The same files and the same environment, resolved by botocore and by this library: the same access key
(or API key), region and URL, or both fail.

    spec/interop/ways.py BUILDDIR

Roles, SSO, containers and instances answer from a small server of this script's, with access keys that
depend on all that was asked for: so equal keys mean equal requests. Cases in which SDKs differ, or
botocore is odd, say what is expected instead.
"""

import concurrent.futures
import hashlib
import http.server
import itertools
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import botocore.credentials
import botocore.session
import botocore.tokens

CALL = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "Hi"}]}]}
FAILS = "fails"
DEFAULT_REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/"
LIFE_S = 3600


# ---- the services that give credentials

def key_of(*parts):
    """An access key that tells what was asked for."""
    return "ASIA" + hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16].upper()


def time_after(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Services(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json"):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def keys(self, key):
        return {"AccessKeyId": key, "SecretAccessKey": "secret", "Token": "token",
                "Expiration": time_after(LIFE_S), "Code": "Success"}

    def do_GET(self):
        parsed = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parsed.query)
        if parsed.path == "/federation/credentials":
            token = self.headers.get("x-amz-sso_bearer_token")
            key = key_of("sso", token, query["role_name"][0], query["account_id"][0])
            self.answer(200, {"roleCredentials": {
                "accessKeyId": key, "secretAccessKey": "secret", "sessionToken": "token",
                "expiration": int((time.time() + LIFE_S) * 1000)}})
        elif parsed.path == "/container":
            self.answer(200, self.keys(key_of("container", self.headers.get("Authorization"))))
        elif parsed.path.endswith("/security-credentials/"):
            self.answer(200, "role", "text/plain")
        elif parsed.path.endswith("/security-credentials/role"):
            self.answer(200, self.keys(key_of("instance")))
        else:
            self.answer(404, {})

    def do_PUT(self):
        self.answer(200, "token", "text/plain")

    def do_POST(self):
        form = dict(urllib.parse.parse_qsl(
            self.rfile.read(int(self.headers["Content-Length"])).decode()))
        signer = re.search("Credential=([^/]+)", self.headers.get("Authorization", ""))
        name = form.get("RoleSessionName", "")
        if re.match("botocore-session-|lua-bedrock-", name):
            name = ""
        key = key_of(form.get("Action"), form.get("RoleArn"), form.get("ExternalId"), name,
                     form.get("WebIdentityToken"), form.get("DurationSeconds"),
                     signer and signer[1])
        action = form.get("Action")
        self.answer(200, f"""<{action}Response><{action}Result><Credentials>
            <AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
            <SessionToken>token</SessionToken><Expiration>{time_after(LIFE_S)}</Expiration>
            </Credentials></{action}Result></{action}Response>""", "text/xml")


# ---- the two who resolve

class Sent(Exception):
    """The request that would be sent."""


def said(url, authorization):
    """What can be compared."""
    signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", authorization or "")
    return {"url": url, "key": signed[1] if signed else authorization,
            "region": signed[2] if signed else None}


def catch(request, **_):
    value = request.headers["Authorization"]
    raise Sent(said(request.url, value.decode() if isinstance(value, bytes) else value))


def botocore_does(case):
    cache = os.path.expanduser("~/.aws/sso/cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    options = case["options"]
    session = botocore.session.Session(profile=options.get("profile"))
    region = options.get("region") or session.get_config_variable("region") or DEFAULT_REGION
    client = session.create_client("bedrock-runtime", region_name=region)
    client.meta.events.register("before-send.bedrock-runtime.Converse", catch)
    client.converse(**CALL)


def in_child(case, env, home, pipe):
    os.environ.clear()
    os.environ.update(env)
    os.chdir(home)
    os.close(2)
    os.open(os.devnull, os.O_WRONLY)
    try:
        botocore_does(case)
    except Sent as sent:
        pipe.send(sent.args[0])
    except BaseException as error:
        pipe.send({"error": f"{type(error).__name__}: {error}"})


def by_botocore(case, env, home):
    receive, send = multiprocessing.Pipe(False)
    child = multiprocessing.Process(target=in_child, args=(case, env, home, send))
    child.start()
    answer = receive.recv() if receive.poll(60) else {"error": "no answer"}
    child.join(10)
    return answer


def by_us(case, env, home, lua):
    options = {"auth": "chain", "cache": "memory", **case["options"]}
    done = subprocess.run(["lua5.4", str(lua / "spec/interop/resolved.lua"), json.dumps(options)],
                          cwd=home, env={**env, **LUA_ENV}, capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode != 0:
        return {"error": "crashed: " + done.stderr, "crashed": True}
    answer = json.loads(done.stdout)
    return answer if "error" in answer else said(answer["url"], answer["authorization"])


LUA_ENV = {}


def paths_of_lua(root, build):
    say = 'eval "$(make -s env BUILD="$1")" && printf "%s\\n%s" "$LUA_PATH" "$LUA_CPATH"'
    text = subprocess.run(["sh", "-c", say, "sh", str(build)], cwd=root, capture_output=True, text=True,
                          check=True).stdout
    LUA_ENV["LUA_PATH"], LUA_ENV["LUA_CPATH"] = text.split("\n")


# ---- the cases

CASES = []


def case(name, config=None, credentials=None, env=None, options=None, expect=None, files=None):
    """expect: FAILS, or a part of what is said, where botocore is not asked."""
    CASES.append({"name": name, "config": config, "credentials": credentials, "env": env or {},
                  "options": options or {}, "expect": expect, "files": files or {}})


ENV_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "secret"}


def static(key):
    return f"aws_access_key_id = {key}\naws_secret_access_key = secret\n"


def process(key):
    output = json.dumps({"Version": 1, "AccessKeyId": key, "SecretAccessKey": "secret"})
    return f"credential_process = /bin/echo '{output}'\n"


def precedence():
    """Every set of sources, each with the profile given and not."""
    names = "environment", "credentials", "config", "process", "role", "web"
    for bits in itertools.product((False, True), repeat=len(names)):
        on = dict(zip(names, bits))
        config = "[default]\nregion = eu-west-1\n"
        config += static("AKIDCONFIG") if on["config"] else ""
        config += process("AKIDPROCESS") if on["process"] else ""
        config += f"role_arn = {ROLE}a\nsource_profile = base\n" if on["role"] else ""
        config += "[profile base]\n" + static("AKIDBASE")
        env = dict(ENV_KEYS) if on["environment"] else {}
        if on["web"]:
            env["AWS_WEB_IDENTITY_TOKEN_FILE"] = "token"
            env["AWS_ROLE_ARN"] = ROLE + "web"
        label = "+".join(n for n in names if on[n]) or "nothing"
        for given in (False, True):
            case(f"{label}{', profile given' if given else ''}", config,
                 "[default]\n" + static("AKIDCREDENTIALS") if on["credentials"] else None, env,
                 {"profile": "default"} if given else {}, files={"token": "a-token"})


def regions():
    for env, profile, option in itertools.product((None, "eu-north-1"), (None, "sa-east-1"),
                                                  (None, "ca-central-1")):
        case(f"region {env} {profile} {option}",
             "[default]\n" + (f"region = {profile}\n" if profile else ""),
             env={**ENV_KEYS, **({"AWS_DEFAULT_REGION": env} if env else {})},
             options={"region": option} if option else {})
    case("AWS_REGION first", env={**ENV_KEYS, "AWS_REGION": "eu-north-1",
                                  "AWS_DEFAULT_REGION": "eu-west-2"},
         expect={"region": "eu-north-1"})
    case("a region nobody knows", "[default]\nregion = xy-new-7\n", env=ENV_KEYS)
    case("no region at all", "[default]\nregion = not a region\n", env=ENV_KEYS)
    case("empty region variable", "[default]\nregion = eu-west-3\n",
         env={**ENV_KEYS, "AWS_DEFAULT_REGION": ""}, expect={"region": "eu-west-3"})
    case("region in the credentials file", "[default]\nregion = eu-west-3\n",
         "[default]\nregion = eu-west-2\n" + static("AKIDA"))
    case("region of the named profile", "[default]\nregion = eu-west-3\n[profile p]\n"
         + static("AKIDP"), options={"profile": "p"})


def endpoints():
    for bits in itertools.product((False, True), repeat=5):
        service, all_of_env, services, own, ignored = bits
        config = "[default]\nregion = eu-west-1\n" + static("AKIDA")
        config += "endpoint_url = http://127.0.0.1:1/own\n" if own else ""
        config += "services = local\n" if services else ""
        config += "[services local]\nbedrock_runtime =\n  endpoint_url = http://127.0.0.1:2/services\n" \
                  "s3 =\n  endpoint_url = http://127.0.0.1:9\n  other = 1\n"
        env = {}
        if service:
            env["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = "http://127.0.0.1:3/service"
        if all_of_env:
            env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4/all"
        if ignored:
            env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        case(f"endpoints {''.join('01'[b] for b in bits)}", config, env=env)
    base = "[default]\nregion = eu-west-1\n" + static("AKIDA")
    case("ignored by the profile", base + "endpoint_url = http://127.0.0.1:1\n"
         "ignore_configured_endpoint_urls = TRUE\n")
    case("not ignored", base + "endpoint_url = http://127.0.0.1:1\n"
         "ignore_configured_endpoint_urls = 1\n")
    case("services that are not there", base + "services = nowhere\n")
    case("services that are not there, unread", base + "services = nowhere\n",
         env={"AWS_ENDPOINT_URL": "http://127.0.0.1:4"})
    case("an endpoint that is no URL", base + "endpoint_url = nonsense\n")
    for fips, dual in itertools.product(("true", "false", "TRUE", None), ("true", "false", None)):
        env = {k: v for k, v in (("AWS_USE_FIPS_ENDPOINT", fips),
                                 ("AWS_USE_DUALSTACK_ENDPOINT", dual)) if v}
        case(f"fips {fips} dual-stack {dual}",
             base.replace("eu-west-1", "us-east-1") + "use_fips_endpoint = true\n", env=env)
    case("fips and an endpoint", base + "use_fips_endpoint = true\nendpoint_url = https://127.0.0.1:1\n")
    case("attempts that are no number", base + "max_attempts = many\n")
    case("attempts of the environment", base, env={"AWS_MAX_ATTEMPTS": "7"})
    case("attempts of the environment, no number", base, env={"AWS_MAX_ATTEMPTS": "x"})


def api_keys():
    base = "[default]\nregion = eu-west-1\n"
    token = {"AWS_BEARER_TOKEN_BEDROCK": "bedrock-api-key-example"}
    case("an API key alone", base, env=token)
    case("an API key and keys", base, env={**token, **ENV_KEYS})
    case("an API key and a profile", base + static("AKIDA"), env=token, options={"profile": "default"})
    case("an API key and a profile that is broken", base + "aws_access_key_id = A\n", env=token)
    case("an API key and a profile that is not there", base, env={**token, "AWS_PROFILE": "no"})
    case("an empty API key", base + static("AKIDA"), env={"AWS_BEARER_TOKEN_BEDROCK": ""},
         expect={"key": "AKIDA"})


def names_of_profiles():
    config = ("[default]\n" + static("AKIDDEFAULT") + "[profile a]\n" + static("AKIDA")
              + "[profile b]\n" + static("AKIDB") + "[c]\n" + static("AKIDC")
              + "[profile \"with space\"]\n" + static("AKIDSPACE")
              + "[profile 'quoted']\n" + static("AKIDQUOTED")
              + "[profile two words]\n" + static("AKIDTWO") + "[profile   wide]\n" + static("AKIDWIDE")
              + "[profile]\n" + static("AKIDBARE") + "[profile-ish d]\n" + static("AKIDISH")
              + "[profile un\"closed]\n" + static("AKIDUNCLOSED")
              + "[profile back\\slash]\n" + static("AKIDBACK")
              + "[profile ünï]\n" + static("AKIDUNI"))
    for name in ("default", "a", "b", "c", "with space", "quoted", "two words", "wide", "", "d",
                 "un\"closed", "backslash", "back\\slash", "ünï", "A", "nix", "profile a"):
        for how in "option", "variable":
            if name == "" and how == "option":
                continue
            case(f"profile {name!r} by {how}", config,
                 env={"AWS_PROFILE": name} if how == "variable" else {},
                 options={"profile": name} if how == "option" else {},
                 expect={"key": "AKIDDEFAULT"} if name == "" else None)
    case("AWS_PROFILE first", config, env={"AWS_PROFILE": "a", "AWS_DEFAULT_PROFILE": "b"},
         expect={"key": "AKIDA"})
    case("AWS_DEFAULT_PROFILE", config, env={"AWS_DEFAULT_PROFILE": "b"})
    case("an option before AWS_PROFILE", config, env={"AWS_PROFILE": "a"}, options={"profile": "b"})
    case("AWS_PROFILE and keys", config, env={"AWS_PROFILE": "a", **ENV_KEYS})
    case("profile in the credentials file alone", config, "[e]\n" + static("AKIDE"),
         options={"profile": "e"})
    case("'profile e' in the credentials file", config, "[profile e]\n" + static("AKIDE"),
         options={"profile": "e"})
    case("a missing profile and keys", config, env={"AWS_PROFILE": "nix", **ENV_KEYS})
    case("profile default before default", "[profile default]\n" + static("AKIDPD")
         + "[default]\n" + static("AKIDD"), expect={"key": "AKIDPD"})
    case("profile default after default", "[default]\n" + static("AKIDD")
         + "[profile default]\n" + static("AKIDPD"))


def syntax():
    keys = static("AKIDA")
    good = {
        "comments": "# one\n; two\n[default]\n# three\n" + keys + "  # four\n",
        "no final line break": "[default]\n" + keys.rstrip(),
        "CRLF": ("[default]\nregion = eu-west-1\n" + keys).replace("\n", "\r\n"),
        "CR": ("[default]\nregion = eu-west-1\n" + keys).replace("\n", "\r"),
        "colons": "[default]\naws_access_key_id: AKIDA\naws_secret_access_key : secret\n",
        "colon and equals": "[default]\naws_access_key_id = AKIDA\naws_secret_access_key = a:b=c\n",
        "no spaces": "[default]\naws_access_key_id=AKIDA\naws_secret_access_key=secret\n",
        "capitals": "[default]\nAWS_Access_Key_ID = AKIDA\nAws_Secret_Access_Key = secret\n",
        "inline comment": "[default]\naws_access_key_id = AKIDA\naws_secret_access_key = secret # no\n",
        "inline comment in a region": "[default]\n" + keys + "region = eu-west-1 # no\n",
        "after the bracket": "[default] # the usual\n" + keys,
        "two brackets": "[default]]\n" + keys,
        "indented keys": "[default]\n  aws_access_key_id = AKIDA\n  aws_secret_access_key = secret\n",
        "indented section": "  [default]\n" + keys,
        "indented section, indented keys": "  [default]\n    aws_access_key_id = AKIDA\n    aws_secret_access_key = secret\n",
        "indentation that grows": "[default]\naws_access_key_id = AKIDA\n aws_secret_access_key = secret\n",
        "nested": "[default]\ns3 =\n  addressing_style = path\n  region = eu-west-2\n" + keys,
        "nested, empty lines": "[default]\ns3 =\n\n  addressing_style = path\n\n\n" + keys,
        "nested, comment": "[default]\ns3 =\n  # no\n  addressing_style = path\n" + keys,
        "nested without equals": "[default]\ns3 =\n  nonsense\n" + keys,
        "nested with a colon": "[default]\ns3 =\n  a: b\n" + keys,
        "continued": "[default]\ndescription = one\n  two\n  three\n" + keys,
        "continued region": "[default]\n" + keys + "region = eu-west-1\n  more\n",
        "a section of continuation": "[default]\n" + keys + "x = 1\n  [profile a]\n",
        "tabs": "[default]\n\taws_access_key_id\t=\tAKIDA\n\taws_secret_access_key\t=\tsecret\n",
        "no value": "[default]\n" + keys + "lonely\n",
        "no key": "[default]\n" + keys + "= value\n",
        "before any section": "a = b\n[default]\n" + keys,
        "empty section": "[]\n[default]\n" + keys,
        "unclosed section": "[default\n" + keys,
        "empty file": "",
        "white space alone": "\n\n   \n",
        "empty value": "[default]\n" + keys + "region =\n",
        "DEFAULT": "[DEFAULT]\n" + keys + "[default]\nregion = eu-west-1\n",
        "DEFAULT alone": "[DEFAULT]\n" + keys,
        "DEFAULT below": "[DEFAULT]\nregion = eu-west-3\n[default]\n" + keys + "region = eu-west-1\n",
        "percent": "[default]\n" + keys + "x = %(y)s %\n",
        "quotes": "[default]\naws_access_key_id = \"AKIDA\"\naws_secret_access_key = secret\n",
        "session token": "[default]\n" + keys + "aws_session_token = t\n",
        "no secret": "[default]\naws_access_key_id = AKIDA\n",
        "no key, but a secret": "[default]\naws_secret_access_key = secret\n",
        "unknown section": "[plugins]\nx = y\n[default]\n" + keys,
        "unused sso-session": "[sso-session x]\nsso_region = us-east-1\n[default]\n" + keys,
        "long": "[default]\n" + keys + "x = " + "y" * 100000 + "\n",
        "many sections": "".join(f"[profile p{i}]\nregion = eu-west-1\n" for i in range(2000))
                         + "[default]\n" + keys,
        "UTF-8": "[default]\n" + keys + "x = ünïcödé\n",
    }
    for name, text in good.items():
        case(f"config file: {name}", text)
        case(f"credentials file: {name}", None, text)
    for name, text, key in (
            ("BOM", "\ufeff[default]\n" + keys, "AKIDA"),
            ("spaces in brackets", "[ default ]\n" + keys, "AKIDA"),
            ("a section twice", "[default]\n" + static("AKIDONE") + "[default]\n" + keys, "AKIDA"),
            ("a section twice, merged", "[default]\naws_access_key_id = AKIDA\n[other]\nx = 1\n[default]\n"
             "aws_secret_access_key = secret\n", "AKIDA"),
            ("a setting twice", "[default]\naws_access_key_id = AKIDONE\n" + keys, "AKIDA")):
        case(f"config file: {name}", text, expect={"key": key})
        case(f"credentials file: {name}", None, text, expect={"key": key})
    case("config file: spaces in brackets of a profile", "[ profile  p ]\n" + keys,
         options={"profile": "p"}, expect={"key": "AKIDA"})
    case("no files at all")
    case("no files, keys", env=ENV_KEYS)
    case("a broken config file and keys", "[default\n", env=ENV_KEYS)
    case("a broken credentials file and keys", None, "nonsense\n", env=ENV_KEYS)


def environment():
    key = {"AWS_ACCESS_KEY_ID": "AKIDE"}
    case("no secret in the environment", env=key)
    case("an empty secret in the environment", "[default]\n" + static("AKIDA"),
         env={**key, "AWS_SECRET_ACCESS_KEY": ""})
    case("an empty key in the environment", "[default]\n" + static("AKIDA"),
         env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "secret"})
    case("a secret alone in the environment", "[default]\n" + static("AKIDA"),
         env={"AWS_SECRET_ACCESS_KEY": "secret"})
    case("AWS_SECURITY_TOKEN", env={**ENV_KEYS, "AWS_SECURITY_TOKEN": "t"})
    case("an expiration", env={**ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"})
    case("an expiration that is none", env={**ENV_KEYS, "AWS_CREDENTIAL_EXPIRATION": "soon"})


def roles():
    base = "[profile base]\n" + static("AKIDBASE")
    top = f"[default]\nregion = eu-west-1\nrole_arn = {ROLE}top\n"
    mid = f"[profile mid]\nrole_arn = {ROLE}mid\nsource_profile = base\n"

    def role(name, text, **more):
        case("role: " + name, text, **more)

    role("with all", top + "source_profile = base\nexternal_id = e-1\nrole_session_name = me\n"
         "duration_seconds = 1800\n" + base)
    role("on a role", top + "source_profile = mid\n" + mid + base)
    role("on a role with a duration", top + "source_profile = mid\nduration_seconds = 1200\n" + mid + base)
    role("a duration that is no number", top + "source_profile = base\nduration_seconds = long\n" + base)
    role("no source", top + base)
    role("both sources", top + "source_profile = base\ncredential_source = Environment\n" + base)
    role("a source that is not there", top + "source_profile = nix\n" + base)
    role("a source without credentials", top + "source_profile = empty\n[profile empty]\nregion = eu-west-1\n")
    role("of itself with keys", top + "source_profile = default\n" + static("AKIDSELF"))
    role("of itself with a key ID alone", top + "source_profile = default\naws_access_key_id = A\n")
    role("of itself without keys", top + "source_profile = default\n")
    role("a loop of two", top + "source_profile = b\n[profile b]\n"
         f"role_arn = {ROLE}b\nsource_profile = default\n")
    role("a loop of three", top + "source_profile = b\n[profile b]\n"
         f"role_arn = {ROLE}b\nsource_profile = c\n[profile c]\nrole_arn = {ROLE}c\nsource_profile = b\n")
    role("a loop below", top + "source_profile = b\n[profile b]\n"
         f"role_arn = {ROLE}b\nsource_profile = b\n")
    role("a source with keys and a role", top + "source_profile = b\n[profile b]\n"
         f"role_arn = {ROLE}b\nsource_profile = base\n" + static("AKIDB") + base)
    role("keys and a role", top + static("AKIDTOP") + "source_profile = base\n" + base)
    role("a source in the credentials file", top + "source_profile = cred\n",
         credentials="[cred]\n" + static("AKIDCRED"))
    role("itself in the credentials file", "[default]\nregion = eu-west-1\n" + base,
         credentials=f"[default]\nrole_arn = {ROLE}cred\nsource_profile = base\n")
    role("keys of the credentials file, role of the config file", top + "source_profile = base\n" + base,
         credentials="[default]\n" + static("AKIDCRED"))
    role("a source of a process", top + "source_profile = p\n[profile p]\n" + process("AKIDPROCESS"))
    role("a process that fails", top + "source_profile = p\n[profile p]\ncredential_process = /bin/false\n")
    role("Environment", top + "credential_source = Environment\n", env=ENV_KEYS,
         options={"profile": "default"})
    role("Environment without keys", top + "credential_source = Environment\n")
    role("EcsContainer without variables", top + "credential_source = EcsContainer\n")
    role("EcsContainer", top + "credential_source = EcsContainer\n",
         env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@/container"})
    role("Ec2InstanceMetadata", top + "credential_source = Ec2InstanceMetadata\n",
         env={"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@/"})
    role("Ec2InstanceMetadata, off", top + "credential_source = Ec2InstanceMetadata\n")
    role("a credential_source nobody knows", top + "credential_source = Somewhere\n")
    role("a credential_source in lower case", top + "credential_source = environment\n", env=ENV_KEYS,
         options={"profile": "default"})
    role("MFA", top + "source_profile = base\nmfa_serial = arn:aws:iam::1:mfa/x\n" + base)
    role("an empty ARN", "[default]\nrole_arn =\nsource_profile = base\n" + base)
    role("an empty source", top + "source_profile =\n" + base)
    long = "".join(f"[profile p{i}]\nrole_arn = {ROLE}p{i}\nsource_profile = p{i + 1}\n" for i in range(8))
    role("eight on one another", long + "[profile p8]\n" + static("AKIDP8"), options={"profile": "p0"})
    files = {"token": "a-token\n", "other": "other"}
    web = f"role_arn = {ROLE}web\nweb_identity_token_file = token\n"
    role("web identity", "[default]\n" + web, files={"token": "a-token"})
    role("web identity with a name", "[default]\n" + web + "role_session_name = me\n",
         files={"token": "a-token"})
    role("web identity without a role", "[default]\nweb_identity_token_file = token\n", files=files)
    role("web identity without a file", "[default]\n" + web)
    role("web identity as a source", top + "source_profile = w\n[profile w]\n" + web,
         files={"token": "a-token"})
    role("web identity, role of the environment", "[default]\nweb_identity_token_file = token\n",
         env={"AWS_ROLE_ARN": ROLE + "env", "AWS_ROLE_SESSION_NAME": "you"}, files={"token": "a-token"})
    role("web identity of both", "[default]\n" + web,
         env={"AWS_WEB_IDENTITY_TOKEN_FILE": "other"}, files={"token": "a-token", "other": "other"})
    role("web identity of both, profile given", "[default]\n" + web, options={"profile": "default"},
         env={"AWS_WEB_IDENTITY_TOKEN_FILE": "other"}, files={"token": "a-token", "other": "other"})
    role("web identity and keys", "[default]\n" + web + static("AKIDA"), files={"token": "a-token"})
    role("web identity of the environment, profile given", "[default]\n" + static("AKIDA"),
         options={"profile": "default"},
         env={"AWS_WEB_IDENTITY_TOKEN_FILE": "token", "AWS_ROLE_ARN": ROLE + "env"}, files=files)


def processes():
    out = json.dumps({"Version": 1, "AccessKeyId": "AKIDP", "SecretAccessKey": "s"})
    lines = {
        "quoted": f"/bin/echo '{out}'", "double quotes": "/bin/cat \"file with space\"",
        "escaped space": "/bin/cat file\\ with\\ space", "found in PATH": "cat out.json",
        "joined": "/bin/c'a't out'.'json", "no shell": "/bin/cat out.json | /bin/cat",
        "no variables": "/bin/cat $HOME/out.json", "unclosed": "/bin/cat 'out.json", "empty": "",
        "ends in a backslash": "/bin/cat out.json\\", "fails": "/bin/false",
        "not there": "/nowhere/program", "nonsense": "/bin/echo nonsense",
        "version 2": "/bin/echo '" + out.replace(": 1,", ": 2,") + "'",
        "no secret": "/bin/echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'",
        "the helper with what is not known": "aws_signing_helper credential-process --nonsense",
    }
    for name, line in lines.items():
        case(f"process: {name}", f"[default]\ncredential_process = {line}\n",
             files={"out.json": out, "file with space": out})
    case("process in the credentials file", None, "[default]\n" + process("AKIDP"))
    case("process of both files", "[default]\n" + process("AKIDCONFIG"),
         "[default]\n" + process("AKIDCREDENTIALS"))


def sso():
    session = "[sso-session s]\nsso_start_url = https://x.example/start\nsso_region = us-east-1\n"
    own = "sso_account_id = 123456789012\nsso_role_name = reader\n"
    legacy = own + "sso_start_url = https://x.example/start\nsso_region = us-east-1\n"

    def token(of, seconds=7200):
        name = hashlib.sha1(of.encode()).hexdigest()
        return {f".aws/sso/cache/{name}.json": json.dumps({
            "accessToken": "sso-token-" + of[:2], "expiresAt": time_after(seconds),
            "startUrl": "https://x.example/start", "region": "us-east-1"})}

    cases = {
        "session": ("[default]\nsso_session = s\n" + own + session, token("s")),
        "session and keys": ("[default]\nsso_session = s\n" + own + static("AKIDA") + session, token("s")),
        "session without a token": ("[default]\nsso_session = s\n" + own + session, {}),
        "session, expired": ("[default]\nsso_session = s\n" + own + session, token("s", -10)),
        "no such session": ("[default]\nsso_session = t\n" + own + session, token("s")),
        "session without a region": ("[default]\nsso_session = s\n" + own
                                     + "[sso-session s]\nsso_start_url = https://x.example/start\n",
                                     token("s")),
        "session that differs": ("[default]\nsso_session = s\nsso_region = eu-west-1\n" + own + session,
                                 token("s")),
        "session that says the same": ("[default]\nsso_session = s\nsso_region = us-east-1\n" + own
                                       + session, token("s")),
        "no account": ("[default]\nsso_session = s\nsso_role_name = reader\n" + session, token("s")),
        "no account, no role, keys": ("[default]\nsso_session = s\n" + static("AKIDA") + session,
                                      token("s")),
        "old": ("[default]\n" + legacy, token("https://x.example/start")),
        "old, expired": ("[default]\n" + legacy, token("https://x.example/start", -10)),
        "old, no token": ("[default]\n" + legacy, {}),
        "old, no region": ("[default]\n" + own + "sso_start_url = https://x.example/start\n", {}),
        "old, by the wrong name": ("[default]\n" + legacy, token("s")),
        "quoted session": ("[default]\nsso_session = my s\n" + own
                           + session.replace("[sso-session s]", "[sso-session \"my s\"]"), token("my s")),
        "below a role": (f"[default]\nrole_arn = {ROLE}x\nsource_profile = b\n[profile b]\n"
                         "sso_session = s\n" + own + session, token("s")),
    }
    for name, (config, files) in cases.items():
        case(f"sso: {name}", config, files=files)


def machines():
    uri = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "@/container"}
    case("container", env=uri)
    case("container, token", env={**uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"})
    case("container, token file", env={**uri, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t",
                                       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "token"},
         files={"token": "of-a-file"})
    case("container, host that is not allowed",
         env={"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://10.1.2.3/container"})
    case("container and keys in a file", "[default]\n" + static("AKIDA"), env=uri)
    case("container with a profile without credentials", "[profile p]\nregion = eu-west-1\n", env=uri,
         options={"profile": "p"})
    on = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "@/"}
    case("instance", env=on)
    case("instance of the profile", "[default]\nec2_metadata_service_endpoint = @/\n",
         env={"AWS_EC2_METADATA_DISABLED": "false"})
    case("instance with a profile without credentials", "[profile p]\nregion = eu-west-1\n", env=on,
         options={"profile": "p"})
    case("instance, off", env={**on, "AWS_EC2_METADATA_DISABLED": "TRUE"})
    case("instance, mode that is none", env={**on, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "ipv5"})
    case("container before instance", env={**on, **uri})


# ---- together

def place(text, port):
    return text.replace("@/", f"http://127.0.0.1:{port}/")


def lay_out(one, home, port):
    (home / ".aws/sso/cache").mkdir(parents=True)
    for name in "config", "credentials":
        if one[name] is not None:
            (home / ".aws" / name).write_bytes(place(one[name], port).encode())
    for name, text in one["files"].items():
        (home / name).write_text(text)
    server = f"http://127.0.0.1:{port}"
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true",
           "AWS_ENDPOINT_URL_STS": server, "AWS_ENDPOINT_URL_SSO": server,
           "AWS_ENDPOINT_URL_SSO_OIDC": server, "LANG": "C.UTF-8"}
    env.update({name: place(value, port) for name, value in one["env"].items()})
    return env


def agree(one, theirs, ours):
    if ours.get("crashed"):
        return False
    if one["expect"] == FAILS:
        return "error" in ours
    if one["expect"] is not None:
        return all(ours.get(name) == value for name, value in one["expect"].items())
    return ("error" in theirs and "error" in ours) or theirs == ours


def resolve(one, port, root):
    """What botocore says (nothing where it is not asked), and what we say."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        env = lay_out(one, home, port)
        theirs = {} if one["expect"] else by_botocore(one, env, home)
        return theirs, by_us(one, env, home, root)


def main(build):
    root = Path(__file__).resolve().parents[2]
    paths_of_lua(root, build)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Services)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for make in (precedence, regions, endpoints, api_keys, names_of_profiles, syntax, environment,
                 roles, processes, sso, machines):
        make()
    agreed = 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(resolve, CASES, itertools.repeat(server.server_port),
                           itertools.repeat(root), chunksize=4)
        for one, (theirs, ours) in zip(CASES, answers):
            if agree(one, theirs, ours):
                agreed += 1
            else:
                print(f"not ok - {one['name']}: ours {ours}, botocore's {theirs or one['expect']}")
    with_botocore = sum(one["expect"] is None for one in CASES)
    print(f"ok - {agreed} of {len(CASES)} combinations of files and environment agreed: the same key, "
          f"region and URL, or both fail ({with_botocore} of them asked of botocore)")


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main(sys.argv[1])
