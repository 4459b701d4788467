"""Runs a command in a terminal of its own and types:

    python3 terminal.py STEPS COMMAND ...

STEPS is JSON: [[text to wait for, what is typed then, seconds to wait before], ...]. Writes all that the terminal showed; exits as the
command does, or with 99 when a text does not come in time.
"""
import json
import os
import pty
import select
import sys
import time

PATIENCE_S = 30 * float(os.environ.get("BEDROCK_TEST_PATIENCE", "1"))


def read(fd, deadline):
    """Some bytes; none at the end, or when the time is over."""
    ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
    try:
        return os.read(fd, 65536) if ready else b""
    except OSError:
        return b""


def talk(fd, steps):
    shown, seen = b"", 0
    for text, typed, *pause in steps + [[None, ""]]:
        deadline = time.monotonic() + PATIENCE_S
        while text is None or text.encode() not in shown[seen:]:
            more = read(fd, deadline)
            if not more:
                return shown, text is None and time.monotonic() < deadline
            shown += more
        seen = shown.index(text.encode(), seen) + len(text.encode())
        time.sleep(pause[0] if pause else 0)
        os.write(fd, typed.encode())
    return shown, True


def main():
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown, ok = talk(fd, json.loads(sys.argv[1]))
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if not ok:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) if ok else 99)


main()
