"""What a script orders must be what comes over the wire: raw HTTP against the endpoint's faults."""

import json
import socket
import ssl
import struct
import time
import zlib
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from checks import ENDPOINT, REGION, check, contains, control, equal, last_request, send

PATH = "/model/amazon.nova-lite-v1%3A0/converse"
BODY = json.dumps({"messages": [{"role": "user", "content": [{"text": "hello"}]}]}).encode()


def signed(path=PATH):
    request = AWSRequest(
        "POST", ENDPOINT["http"] + path, data=BODY, headers={"Content-Type": "application/json"}
    )
    keys = Credentials(ENDPOINT["access_key_id"], ENDPOINT["secret_access_key"])
    SigV4Auth(keys, "bedrock", REGION).add_auth(request)
    return request.prepare()


def wire(request):
    """Sends the request; returns every byte until the server closes, and how that ended."""
    url = urlsplit(request.url)
    lines = [
        f"{request.method} {url.path} HTTP/1.1",
        f"Host: {url.netloc}",
        f"Content-Length: {len(BODY)}",
    ]
    for name, value in request.headers.items():
        if name.lower() != "content-length":
            lines.append(f"{name}: {value.decode() if isinstance(value, bytes) else value}")
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.settimeout(5)
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + BODY)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except TimeoutError:
            return received, "open"
        except ConnectionResetError:
            return received, "reset"
    return received, "closed"


def ordered(action, **rule):
    control("POST", "/reset", {})
    control("POST", "/script", [{"match": {"path": "^/model/"}, "action": action} | rule])


def status_and_body():
    ordered(
        {
            "status": 503,
            "headers": {"Retry-After": "7", "Content-Type": "text/html"},
            "body": "<h1>no</h1>",
        }
    )
    status, headers, body = send(signed())
    equal(
        (status, headers["retry-after"], headers["content-type"], body),
        (503, "7", "text/html", b"<h1>no</h1>"),
    )
    equal(send(signed())[0], 200)


def times_and_skip():
    ordered({"status": 500}, times=2, skip=1)
    equal([send(signed())[0] for _ in range(4)], [200, 500, 500, 200])


def for_ever():
    ordered({"status": 429}, times=-1)
    equal([send(signed())[0] for _ in range(3)], [429] * 3)


def other_operation():
    control("POST", "/reset", {})
    control(
        "POST",
        "/script",
        [
            {"match": {"operation": "ConverseStream"}, "action": {"status": 500}},
            {"match": {"service": "bedrock"}, "action": {"status": 500}},
        ],
    )
    equal(send(signed())[0], 200)


def before_verification():
    ordered({"status": 418, "after_verify": False})
    request = signed()
    request.headers["Authorization"] = "nonsense"
    equal(send(request)[0], 418)
    equal(last_request()["verified"], False)


def truncated():
    ordered({"truncate": 20})
    received, end = wire(signed())
    head, body = received.split(b"\r\n\r\n", 1)
    length = int(
        next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))[
            15:
        ]
    )
    assert length > 20, length
    equal(len(body), 20)
    assert end != "open", end


def truncated_stream():
    ordered({"truncate": 200})
    received, end = wire(signed(PATH + "-stream"))
    contains(received, b"Transfer-Encoding: chunked")
    assert not received.endswith(b"0\r\n\r\n") and end != "open", (received[-20:], end)


def aborted_stream():
    ordered({"frames": [{"event": "messageStart", "json": {"role": "assistant"}}], "abort": True})
    received, end = wire(signed(PATH + "-stream"))
    contains(received, b"messageStart")
    assert not received.endswith(b"0\r\n\r\n") and end != "open", (received[-20:], end)


def whole_stream_ends_properly():
    ordered({"frames": [{"event": "messageStart", "json": {"role": "assistant"}}]})
    received, _ = wire(close_after(signed(PATH + "-stream")))
    assert received.endswith(b"0\r\n\r\n"), received


def close_after(request):
    request.headers["Connection"] = "close"
    return request


def closed_without_answer():
    ordered({"close": True})
    received, end = wire(signed())
    equal(received, b"")
    assert end != "open", end


def chunked():
    ordered({"chunked": True})
    received, _ = wire(close_after(signed()))
    contains(received, b"Transfer-Encoding: chunked")
    assert b"content-length" not in received.lower() and received.endswith(b"0\r\n\r\n")


def delays():
    ordered({"delay_ms": 150, "body_delay_ms": 150})
    start = time.monotonic()
    equal(send(signed())[0], 200)
    assert time.monotonic() - start >= 0.3


def dripping():
    ordered({"status": 200, "body": "0123456789", "drip": {"bytes": 4, "ms": 20}})
    equal(send(signed())[2], b"0123456789")


def hanging():
    ordered({"hang": True})
    url = urlsplit(ENDPOINT["http"])
    request = signed()
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = [f"POST {PATH} HTTP/1.1", f"Host: {url.netloc}", f"Content-Length: {len(BODY)}"]
        head += [
            f"{n}: {v.decode() if isinstance(v, bytes) else v}"
            for n, v in request.headers.items()
            if n.lower() != "content-length"
        ]
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + BODY)
        connection.settimeout(0.3)
        try:
            raise AssertionError(connection.recv(1))
        except TimeoutError:
            pass
    for _ in range(500):
        if control("GET", "/counters").get("aborted"):
            return
        time.sleep(0.01)
    raise AssertionError("the endpoint did not see the client go")


def parse_frame(data):
    total, headers = struct.unpack(">II", data[:8])
    return {
        "total": total,
        "headers": headers,
        "prelude_crc": zlib.crc32(data[:8]) == struct.unpack(">I", data[8:12])[0],
        "message_crc": zlib.crc32(data[: total - 4])
        == struct.unpack(">I", data[total - 4 : total])[0],
        "length": total == len(data),
    }


def frame(**description):
    ordered({"frames": [description]})
    status, headers, body = send(signed())
    equal((status, headers["content-type"]), (200, "application/vnd.amazon.eventstream"))
    return body


def good_frame():
    body = frame(
        headers={
            ":event-type": "x",
            "n": {"type": "integer", "value": -1 % 2**32},
            "t": {"type": "true"},
        },
        payload="hello",
    )
    facts = parse_frame(body)
    equal((facts["prelude_crc"], facts["message_crc"], facts["length"]), (True, True, True))
    contains(body, b"\x01n\x04\xff\xff\xff\xff")
    contains(body, b"\x01t\x00")


def bad_frame(kind):
    body = frame(event="messageStart", json={"role": "assistant"}, corrupt=kind)
    facts = parse_frame(body) if kind not in ("cut", "length") else None
    if kind == "prelude_crc":
        equal(facts["prelude_crc"], False)
    elif kind in ("message_crc", "payload"):
        equal((facts["prelude_crc"], facts["message_crc"]), (True, False))
    elif kind == "header_length":
        assert facts["headers"] > facts["total"] - 16 and facts["message_crc"]
    else:
        assert struct.unpack(">I", body[:4])[0] > len(body)


def handshake(listener, host="127.0.0.1"):
    url = urlsplit(ENDPOINT[listener])
    trust = ssl.create_default_context(cafile=ENDPOINT["ca_file"])
    with socket.create_connection((url.hostname, url.port)) as plain, trust.wrap_socket(
        plain, server_hostname=host
    ):
        pass


def handshake_fails(listener, word):
    try:
        handshake(listener)
    except ssl.SSLCertVerificationError as error:
        contains(error.verify_message.lower(), word)
    else:
        raise AssertionError("the certificate was accepted")


def handshake_refused():
    control("POST", "/config", {"tls_refuse": True})
    try:
        handshake("https")
    except (ssl.SSLError, ConnectionError):
        return
    finally:
        control("POST", "/reset", {})
    raise AssertionError("the handshake was not refused")


def connection_refused():
    url = urlsplit(ENDPOINT["refused"])
    try:
        socket.create_connection((url.hostname, url.port)).close()
    except ConnectionRefusedError:
        return
    raise AssertionError("something listens there")


def counters_and_record():
    control("POST", "/reset", {})
    send(signed())
    counters = control("GET", "/counters")
    equal((counters["Converse"], counters["requests"], counters["connections"]), (1, 1, 1))
    record = last_request()
    equal((record["method"], record["uri"], record["region"]), ("POST", PATH, REGION))
    contains([name for name, _ in record["headers"]], "authorization")


def moved_clock():
    control("POST", "/reset", {})
    control("POST", "/config", {"clock_offset_s": 3600})
    status, headers, body = send(signed())
    control("POST", "/reset", {})
    equal(status, 403)
    contains(body, b"Signature expired")
    from email.utils import parsedate_to_datetime

    assert 3500 < parsedate_to_datetime(headers["date"]).timestamp() - time.time() < 3700


def large_body():
    control("POST", "/reset", {})
    request = AWSRequest(
        "POST",
        ENDPOINT["http"] + "/model/echo.model/invoke",
        data=b"x" * 30_000_000,
        headers={"Content-Type": "text/plain"},
    )
    keys = Credentials(ENDPOINT["access_key_id"], ENDPOINT["secret_access_key"])
    SigV4Auth(keys, "bedrock", REGION).add_auth(request)
    status, headers, body = send(request.prepare())
    equal((status, headers["content-type"], len(body)), (200, "text/plain", 30_000_000))


for function in (
    status_and_body,
    times_and_skip,
    for_ever,
    other_operation,
    before_verification,
    truncated,
    truncated_stream,
    aborted_stream,
    whole_stream_ends_properly,
    closed_without_answer,
    chunked,
    delays,
    dripping,
    hanging,
    good_frame,
    handshake_refused,
    connection_refused,
    counters_and_record,
    moved_clock,
    large_body,
):
    check(f"faults: {function.__name__}", function)
for corruption in ("prelude_crc", "message_crc", "length", "header_length", "payload", "cut"):
    check(f"faults: frame with a wrong {corruption}", bad_frame, corruption)
check("TLS: good by address", handshake, "https")
check("TLS: good by name", handshake, "https", "localhost")
check("TLS: expired", handshake_fails, "https_expired", "expired")
check("TLS: wrong host", handshake_fails, "https_wronghost", "ip address mismatch")
check("TLS: untrusted", handshake_fails, "https_untrusted", "self-signed")
control("POST", "/reset", {})
