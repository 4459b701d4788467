"""Compares what several processes prepared for the same cases: paths, queries and bodies must be the
same, byte for byte, but for the tokens that each makes up.

    same_bodies.py FILE...      each the output of prepared.lua

Prints an "ok" or "not ok" line for each case.
"""

import base64
import json
import re
import sys

UUID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def sent(ours):
    if "error" in ours:
        return ours["error"]
    body = UUID.sub(b"token", base64.b64decode(ours["body"] or ""))
    query = UUID.sub(b"token", ours["query"].encode())
    return ours["path"], query, body


def main():
    files = [open(path, encoding="utf-8") for path in sys.argv[1:]]
    for lines in zip(*files, strict=True):
        items = [json.loads(line) for line in lines]
        name = items[0]["case"]["id"]
        different = {sent(item["ours"]) for item in items}
        if len(different) == 1 and len({item["case"]["id"] for item in items}) == 1:
            print(f"ok - {name} in {len(items)} processes")
        else:
            shown = sorted(map(str, different))
            print(f"not ok - {name}: {len(different)} different requests, {shown!s:.600}")


if __name__ == "__main__":
    main()
