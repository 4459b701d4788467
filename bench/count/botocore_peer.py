"""What AWS's own Python takes for the same, for bench/measure.lua:

    botocore_peer.py sign|events|frames N
    botocore_peer.py stream N URL CA_FILE
"""
import struct
import sys
import time
import zlib

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.eventstream import EventStreamBuffer
    from botocore.session import Session
except ImportError:
    print("missing: botocore, which `make interop` installs")
    sys.exit(0)

import json

PER_PIECE = 80
FRAME = 200


def signer():
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "T" * 800)
    auth = SigV4Auth(credentials, "bedrock", "us-east-1")
    url = (
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/"
        "anthropic.claude-3-haiku-20240307-v1%3A0/converse"
    )

    def once():
        request = AWSRequest(
            "POST",
            url,
            headers={
                "accept": "application/json",
                "content-type": "application/json",
                "x-amzn-bedrock-trace": "DISABLED",
            },
            data=b"word " * 410,
        )
        auth.add_auth(request)

    return once, 1


def header(name, value):
    return bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value


def frame(payload):
    headers = (
        header(b":event-type", b"contentBlockDelta")
        + header(b":content-type", b"application/json")
        + header(b":message-type", b"event")
    )
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return start + struct.pack(">I", zlib.crc32(start))


def reader():
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    word = "jumps over the lazy dog and so on "
    frames = []
    for i in range(1, PER_PIECE + 1):
        start = i % 20
        event = {
            "contentBlockIndex": 0,
            "delta": {"text": word[start : start + 1 + i % 9]},
            "p": alphabet[: i % (len(alphabet) + 1)],
        }
        frames.append(frame(json.dumps(event, separators=(",", ":")).encode()))
    piece = b"".join(frames)

    def once():
        events = EventStreamBuffer()
        events.add_data(piece)
        for event in events:
            json.loads(event.payload)

    return once, PER_PIECE


def framer():
    """Frames alone, as in bench/c/bench_eventstream.c."""
    one = frame(bytes(FRAME - len(frame(b""))))
    piece = one * PER_PIECE

    def once():
        events = EventStreamBuffer()
        events.add_data(piece)
        for event in events:
            assert len(event.payload) < FRAME

    return once, PER_PIECE


def stream(count, url, ca_file):
    """One ConverseStream of so many events, after a short one, as in bench/count/stream.lua."""
    client = Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        verify=ca_file,
        aws_access_key_id="ASIAEXAMPLE000000002",
        aws_secret_access_key="Zk9vQ2xhc3MvU2VjcmV0K0V4YW1wbGUvS2V5MDAx",
        aws_session_token="T" * 800,
    )

    def read(words):
        answer = client.converse_stream(
            modelId="anthropic.claude-3-haiku-20240307-v1:0",
            messages=[{"role": "user", "content": [{"text": "a " * words}]}],
        )
        return sum("contentBlockDelta" in event for event in answer["stream"])

    read(10)
    begin = time.process_time_ns()
    assert read(count) > count - 10
    return time.process_time_ns() - begin


def repeated(what, count):
    once, things = {"sign": signer, "events": reader, "frames": framer}[what]()
    once()
    begin = time.process_time_ns()
    for _ in range(count // things):
        once()
    return time.process_time_ns() - begin


if sys.argv[1] == "stream":
    print(stream(int(sys.argv[2]), *sys.argv[3:]))
else:
    print(repeated(sys.argv[1], int(sys.argv[2])))
