"""What AWS's own Python takes for the same: botocore_peer.py sign|events N, for bench/measure.lua."""
import struct
import sys
import time
import zlib

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    from botocore.eventstream import EventStreamBuffer
except ImportError:
    print("missing: botocore, which `make interop` installs")
    sys.exit(0)

import json

PER_PIECE = 80


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


once, things = {"sign": signer, "events": reader}[sys.argv[1]]()
once()
begin = time.process_time_ns()
for _ in range(int(sys.argv[2]) // things):
    once()
print(time.process_time_ns() - begin)
