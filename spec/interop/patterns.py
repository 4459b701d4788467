#!/usr/bin/env python3
"""Compares the matcher of regular expressions with two that share no code with it.

    spec/interop/patterns.py [BUILDDIR [SEED]]

For every pattern of the API model it makes texts that match, and texts a small change away, and
asks Python's `regex` module and, where there is one, node's engine (ECMA-262, in which the patterns
are written). Prints "ok - ..." or "not ok - ..." for each pattern. Needs python3 with `regex`.
"""

import ctypes
import json
import os
import random
import re._constants as op
import re._parser
import shutil
import subprocess
import sys
from pathlib import Path

import regex

ROOT = Path(__file__).resolve().parents[2]
TEXT = ROOT / "csrc/core/text"
TEXTS_PER_PATTERN = 60
CHANGES_PER_TEXT = 4
FOREIGN_TEXTS = 40
LONGEST = 6000
LONGEST_FOR_NODE = 300
UNKNOWN = 2  # verdict on what would cost too much; only of long texts
LONG = 1000
SLOW = 0.2  # seconds after which the backtracking module is not asked further
WORD = "0-9A-Za-z_"
SPACE = "\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
NOT_SPACE = (
    "\0-\x08\x0e-\x1f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e"
    "\u2060-\u2fff\u3001-\ufefe\uff00-\U0010ffff"
)
CLASSES = {
    "d": "0-9",
    "w": WORD,
    "s": SPACE,
    "S": NOT_SPACE,
    "D": "\0-/:-\U0010ffff",
    "W": "\0-/:-@\\[-^`{-\U0010ffff",
}
BOUNDARY = f"(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"
# For texts only: Python's own parser knows no properties.
SAMPLES = {
    "L": "aZ\u00e9\u0416\u4e2d\U00010400",
    "M": "\u0301\u0903",
    "N": "07\u0663\u2167",
    "Z": " \u3000",
    "C": "\x01\u200e",
}
STRANGE = "\n\r\t\0 \x7f\u0085\u00a0\u00ad\u00e9\u0301\u0663\u2028\u200b\u2167\u3000\u4e2d\ue000\ufeff\uffff\U00010400\U0001f600"
ASCII = "".join(map(chr, range(0x20, 0x7F)))


def patterns():
    found = set()

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get("pattern"), str):
                found.add(value["pattern"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for path in sorted((ROOT / "csrc/model/facts").glob("*.json")):
        facts = json.loads(path.read_text())
        walk(facts["shapes"] if "shapes" in facts else {})
    return sorted(found)


class Matcher:
    """The code under test, as a shared library."""

    class Slice(ctypes.Structure):
        _fields_ = [("p", ctypes.c_char_p), ("n", ctypes.c_size_t)]

    def __init__(self, build):
        library = build / "interop/regex.so"
        library.parent.mkdir(parents=True, exist_ok=True)
        sources = [TEXT / "regex.c", TEXT / "ecma_pattern.c"]
        sources += [TEXT.parent / "base" / name for name in ("buffer.c", "slice.c")]
        compiler = os.environ.get("CC", "cc").split()
        flags = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-DHAVE_PCRE2", "-O2", "-fPIC", "-shared"]
        subprocess.run(
            [*compiler, *flags, f"-I{ROOT / 'csrc'}", "-o", library, *sources, "-lpcre2-8", "-lcrypto"],
            check=True,
        )
        code = ctypes.CDLL(str(library))
        code.br_regex_compile.restype = ctypes.c_void_p
        code.br_regex_compile.argtypes = [self.Slice]
        code.br_regex_match.restype = ctypes.c_int
        code.br_regex_match.argtypes = [ctypes.c_void_p, self.Slice]
        self.code = code

    def compile(self, pattern):
        text = pattern.encode()
        compiled = self.code.br_regex_compile(self.Slice(text, len(text)))
        if not compiled:
            raise ValueError(pattern)
        return compiled

    def matches(self, compiled, text):
        """1: yes, 0: no, 2: it would cost too much."""
        text = text.encode()
        return self.code.br_regex_match(compiled, self.Slice(text, len(text)))


def translated_escape(token, in_class, samples):
    """An escape of ECMA-262 as Python has it."""
    name = token[1]
    if name in CLASSES:
        return CLASSES[name] if in_class else f"[{CLASSES[name]}]"
    if name == "b" and not in_class:
        return BOUNDARY
    if name in "pP" and samples:
        letters = SAMPLES[token[3]] if name == "p" else SAMPLES["L"]
        return letters if in_class else f"[{letters}]"
    return token if name.isalnum() else re_escape(name)


def re_escape(character):
    return "\\" + character if character in r"\^$.|?*+()[]{}-/&~#" else character


def translated(pattern, samples=False):
    """The pattern for Python: with the meanings of ECMA-262 for . $ \\b \\d \\s \\w."""
    out, in_class = [], False
    for token in re_tokens(pattern):
        if token[0] == "\\":
            out.append(translated_escape(token, in_class, samples))
        elif in_class:
            in_class = token != "]"
            out.append("\\[" if token == "[" else token)
        elif token == ".":
            out.append("[^\n\r\u2028\u2029]")
        elif token == "$":
            out.append(r"\Z")
        else:
            in_class = token == "["
            out.append(token)
    return "".join(out)


def re_tokens(pattern):
    return regex.findall(r"\\[pP]\{\w+\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|(?s:.)", pattern)


class Maker:
    """Makes texts that match a pattern, or would but for what looks at other places."""

    def __init__(self, pattern, rng):
        self.rng = rng
        self.tree = re._parser.parse(translated(pattern, samples=True))
        self.length = 0

    def text(self):
        self.length = 0
        return self.sequence(self.tree)

    def sequence(self, items):
        return "".join(self.item(kind, value) for kind, value in items)

    def item(self, kind, value):
        if kind == op.LITERAL:
            return self.add(chr(value))
        if kind == op.NOT_LITERAL:
            return self.add(self.other(lambda c: c == value))
        if kind == op.IN:
            return self.add(self.member(value))
        if kind == op.BRANCH:
            return self.sequence(self.rng.choice(value[1]))
        if kind == op.SUBPATTERN:
            return self.sequence(value[3])
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return "".join(self.sequence(value[2]) for _ in range(self.count(*value[:2])))
        if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
            return ""
        raise ValueError(f"no texts for {kind}")

    def add(self, text):
        self.length += len(text)
        return text

    def count(self, low, high):
        if self.length > LONGEST:
            return low
        high = min(high, low + 3000)
        some = [low, low, min(high, low + 1), self.rng.randint(low, min(high, low + 6))]
        if high < low + 3000:
            some += [high, high + 1 if self.rng.random() < 0.1 else high]
        return self.rng.choice(some)

    def member(self, items):
        if items[0][0] == op.NEGATE:
            return self.other(lambda c: any(within(c, item) for item in items[1:]))
        kind, value = self.rng.choice(items)
        if kind == op.LITERAL:
            return chr(value)
        if self.rng.random() < 0.2:
            point = self.rng.choice(value)
        else:
            point = self.rng.randint(value[0], value[1])
        return "a" if 0xD800 <= point <= 0xDFFF else chr(point)

    def other(self, refused):
        letters = [c for c in ASCII + STRANGE if not refused(ord(c))]
        plain = [c for c in letters if c in ASCII]
        return self.rng.choice(plain if plain and self.rng.random() < 0.8 else letters)


def within(point, item):
    kind, value = item
    return point == value if kind == op.LITERAL else value[0] <= point <= value[1]


def changed(text, rng):
    at = rng.randrange(len(text) + 1)
    letter = rng.choice(rng.choice([ASCII, STRANGE, text or "a"]))
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at : at + 1] + text[at:],
            text[:at] + text[at:].swapcase(),
            text[:at],
            text[at:],
            text + rng.choice(["\n", " ", "-", "a"]),
            text + text,
        ]
    )


def texts(pattern, rng):
    maker = Maker(pattern, rng)
    made = {""}
    for _ in range(TEXTS_PER_PATTERN):
        text = maker.text()
        made.add(text)
        made.update(changed(text, rng) for _ in range(CHANGES_PER_TEXT))
    return sorted(made)


def python_answers(pattern, asked):
    """text -> matches, without those that take the module too long."""
    compiled = regex.compile(translated(pattern), regex.VERSION0)
    answers = {}
    for text in asked:
        try:
            answers[text] = compiled.fullmatch(text, timeout=SLOW) is not None
        except TimeoutError:
            pass
    return answers


NODE = r"""
const vm = require("vm");
const wide = /[\u{10000}-\u{10ffff}]/u;
const compiled = pattern => {
  const whole = `^(?:${pattern})$`;
  try { return new RegExp(whole, "u"); }
  catch (e) { if (/\\p/i.test(pattern)) throw e; return new RegExp(whole); }
};
const test = new vm.Script("regex.test(text)");
const context = vm.createContext({});
const answer = (regex, text) => {
  if (!regex.unicode && wide.test(text)) return null;
  Object.assign(context, { regex, text });
  try { return test.runInContext(context, { timeout: 200 }); }
  catch (e) { if (e.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw e; return null; }
};
const out = JSON.parse(require("fs").readFileSync(0, "utf8")).map(([pattern, texts]) => {
  const regex = compiled(pattern);
  return texts.map(text => answer(regex, text));
});
process.stdout.write(JSON.stringify(out));
"""


def node_answers(questions):
    """For each pattern: text -> matches, without those too long, too slow or not comparable."""
    if shutil.which("node") is None:
        return [{} for _ in questions]
    asked = [(p, [t for t in a if len(t) <= LONGEST_FOR_NODE]) for p, a in questions]
    done = subprocess.run(
        ["node", "-e", NODE], input=json.dumps(asked), capture_output=True, text=True,
        timeout=600, check=True,
    )  # fmt: skip
    return [
        {t: a for t, a in zip(texts, answers) if a is not None}
        for (_, texts), answers in zip(asked, json.loads(done.stdout))
    ]


def judge(matcher, pattern, python, node):
    """None, or what is wrong."""
    compiled = matcher.compile(pattern)
    for engine, answers in (("Python", python), ("node", node)):
        for text, answer in answers.items():
            verdict = matcher.matches(compiled, text)
            if verdict == UNKNOWN and len(text) > LONG:
                continue
            if verdict != answer:
                return f"{engine} says {answer} of {text[:200]!a}"
    matcher.code.br_regex_free(ctypes.c_void_p(compiled))
    if not any(python.values()):
        return "no text was made that matches"
    return None


def main():
    build = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build")
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    matcher = Matcher(build)
    every = patterns()
    made = {pattern: texts(pattern, rng) for pattern in every}
    pool = sorted({text for some in made.values() for text in some})
    questions = []
    for pattern in every:
        asked = made[pattern] + rng.sample(pool, FOREIGN_TEXTS)
        questions.append((pattern, python_answers(pattern, asked)))
    node = node_answers(questions)
    for (pattern, python), other in zip(questions, node):
        wrong = judge(matcher, pattern, python, other)
        print(f"not ok - {pattern!a}: {wrong}" if wrong else f"ok - {pattern!a}")
    answers = [a for _, python in questions for a in python.values()]
    print(
        f"# {len(every)} patterns, {len(answers)} texts, {sum(answers)} of them match;"
        f" {sum(map(len, node))} asked of node too"
    )


main()
