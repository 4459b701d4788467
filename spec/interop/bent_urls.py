"""URLs presigned by botocore and API keys made by AWS's generator, as they are and each bent in one place.

Those must be accepted, these refused, and for that very reason.
"""

import base64

from aws_bedrock_token_generator.token_generator import _generate_token
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from checks import ENDPOINT, REGION, accepted, check, control, refused

LIST = "/foundation-models?byProvider=Amazon%20Nova"
SESSION = ENDPOINT["session"]
KEYS = Credentials(ENDPOINT["access_key_id"], ENDPOINT["secret_access_key"])
SESSION_KEYS = Credentials(
    SESSION["access_key_id"], SESSION["secret_access_key"], SESSION["session_token"]
)
KEY_PREFIX = "bedrock-api-key-"


def presigned(keys=KEYS, expires=60, service="bedrock", headers=None):
    request = AWSRequest("GET", ENDPOINT["https"] + LIST, headers or {})
    SigV4QueryAuth(keys, service, REGION, expires=expires).add_auth(request)
    return request.prepare()


def changed(request, old, new):
    assert old in request.url, request.url
    request.url = request.url.replace(old, new, 1)
    return request


def with_header(request, name, value):
    request.headers[name] = value
    return request


def by_key(key, path=LIST):
    return AWSRequest("GET", ENDPOINT["https"] + path, {"Authorization": "Bearer " + key}).prepare()


def key(keys=KEYS, duration=600):
    return _generate_token(keys, REGION, duration)


def bent_key(old, new):
    text = base64.b64decode(key()[len(KEY_PREFIX):]).decode()
    assert old in text, text
    return KEY_PREFIX + base64.b64encode(text.replace(old, new, 1).encode()).decode()


def later(seconds, *refusal):
    def at_other_time():
        request = refusal[0]()
        control("POST", "/config", {"clock_offset_s": seconds})
        try:
            refused(request, *refusal[1:])
        finally:
            control("POST", "/config", {"clock_offset_s": 0})

    return at_other_time


def urls():
    def bent(name, request, reason, code="InvalidSignatureException"):
        check(f"bent URL: {name}", refused, request, code, reason)

    check("presigned URL", lambda: accepted(presigned()))
    check("presigned URL with a token", lambda: accepted(presigned(SESSION_KEYS)))
    check("presigned URL for a week", lambda: accepted(presigned(expires=604800)))
    check("presigned URL with a header", lambda: accepted(presigned(headers={"x-amz-a": "1"})))
    bent("query", changed(presigned(), "Nova", "Nava"), "signature differs")
    bent("seconds", changed(presigned(), "Expires=60", "Expires=61"), "signature differs")
    bent("header besides", with_header(presigned(), "x-amz-a", "1"), "is not signed")
    bent("service", presigned(service="s3"), "scoped to s3")
    bent("no token", changed(presigned(SESSION_KEYS), "X-Amz-Security-Token=", "a="), "token missing",
         "UnrecognizedClientException")  # fmt: skip
    bent("more than a week", presigned(expires=604801), "X-Amz-Expires", "IncompleteSignatureException")
    bent("twice", changed(presigned(), "&X-Amz-Date=", "&X-Amz-Expires=60&X-Amz-Date="), "twice",
         "IncompleteSignatureException")  # fmt: skip
    expired = (presigned, "InvalidSignatureException", "Signature expired")
    check("bent URL: expired", later(62, *expired))
    early = (presigned, "InvalidSignatureException", "Signature not yet current")
    check("bent URL: too early", later(-400, *early))


def keys():
    def bent(name, bent_one, reason, path=LIST):
        check(f"bent key: {name}", refused, by_key(bent_one, path), "AccessDeniedException", reason)

    check("short-term key", lambda: accepted(by_key(key())))
    check("short-term key of a session", lambda: accepted(by_key(key(SESSION_KEYS))))
    check("short-term key for twelve hours", lambda: accepted(by_key(key(duration=43200))))
    bent("signature", bent_key("Signature=", "Signature=0"), "signature differs")
    bent("action", bent_key("CallWithBearerToken", "CallWithBearerTokens"), "unknown API key")
    bent("duration", bent_key("Expires=600", "Expires=601"), "signature differs")
    bent("version", bent_key("Version=1", "Version=2"), "unknown API key")
    bent("host", bent_key("bedrock.", "bedrocks."), "unknown API key")
    bent("more than twelve hours", key(duration=43201), "X-Amz-Expires")
    bent("unknown keys", key(Credentials("AKIDNOBODY", "x")), "unknown access key ID")
    bent("no base64", KEY_PREFIX + "ä".encode().hex() + "=", "unknown API key")
    bent("other service", key(), "takes no API key", "/sessions/x/")
    expired = (lambda: by_key(key()), "AccessDeniedException", "Signature expired")
    check("bent key: expired", later(602, *expired))


control("POST", "/reset", {})
urls()
keys()
