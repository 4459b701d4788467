"""The summary of a refresh, for a reader who decides whether to take it."""
from collections import Counter

COLUMNS = ("operations", "shapes", "members", "values", "required", "limits")
_LIMITS = ("min", "max", "pattern")


def sizes(facts):
    shapes = facts["shapes"].values()
    return {
        "operations": len(facts["operations"]),
        "shapes": len(shapes),
        "members": sum(len(shape.get("members", {})) for shape in shapes),
        "values": sum(len(shape.get("enum", [])) for shape in shapes),
        "required": sum(len(shape.get("required", [])) for shape in shapes),
        "limits": sum(key in shape for shape in shapes for key in _LIMITS),
    }


def _line(change):
    sign = {"added": "+", "removed": "-", "changed": "~"}[change.action]
    detail = " " + change.detail if change.detail else ""
    return "%s %s %s%s" % (sign, change.kind, change.where, detail)


def _size_table(before, after):
    lines = ["%-34s" % "service" + "".join("%16s" % column for column in COLUMNS)]
    totals = Counter(), Counter()
    for service, facts in after.items():
        pair = sizes(before[service]) if service in before else Counter(), sizes(facts)
        for total, size in zip(totals, pair):
            total.update(size)
        lines.append("%-34s" % service + _size_cells(*pair))
    return lines + ["%-34s" % "all" + _size_cells(*totals)]


def _size_cells(old, new):
    return "".join("%16s" % (new[c] if old[c] == new[c] else "%d -> %d" % (old[c], new[c]))
                   for c in COLUMNS)


def _change_table(changes):
    counts = Counter((change.kind, change.action) for found in changes.values()
                     for change in found)
    kinds = dict.fromkeys(kind for kind, _ in counts)
    lines = ["%-12s%10s%10s%10s" % ("kind", "added", "removed", "changed")]
    return lines + ["%-12s%10d%10d%10d" % (kind, *(counts[kind, action] for action in
                                                  ("added", "removed", "changed")))
                    for kind in kinds]


def _section(title, lines):
    return ["", title, "-" * len(title), *(lines or ["none"])]


def _pin_lines(pins, before, shadowed, stale):
    lines = ["new flat name: %s (%s)" % (name, owner) for name, owner in pins.items()
             if owner and name not in before]
    lines += ["%s stays with %s; by namespace only: %s"
              % (name, pins[name], ", ".join(others)) for name, others in shadowed.items()]
    lines += ["%s is pinned to %s, which has it no more" % (name, pins[name]) for name in stale]
    ambiguous = [name for name, owner in pins.items() if not owner]
    return lines + ["ambiguous (%d): %s" % (len(ambiguous), ", ".join(ambiguous))]


def render(refresh):
    """The whole text. `refresh` is what refresh.py gathered; see there."""
    lines = ["API facts: %s -> botocore %s" % (refresh.old_version, refresh.version)]
    lines += _section("Sizes", _size_table(refresh.before, refresh.after))
    lines += _section("Changes in services that were there before",
                      _change_table(refresh.changes))
    lines += _section("New services", ["%s: %s" % (service, ", ".join(facts["operations"]))
                                       for service, facts in refresh.after.items()
                                       if service not in refresh.before])
    lines += _section("Services that this botocore lacks, left as they were", refresh.lacking)
    lines += _section("Needs a look: a caller may notice",
                      ["%s: %s" % (service, _line(change))
                       for service, found in refresh.changes.items()
                       for change in found if change.careful])
    lines += _section("Kept, known from npm packages only",
                      ["%s: %s" % (service, text) for service, found in refresh.kept.items()
                       for text in found])
    lines += _section("Confirmed: marked as known from npm only before, and no more",
                      ["%s: %d" % item for item in refresh.confirmed.items() if item[1]])
    lines += _section("Endpoints", refresh.endpoint_lines)
    lines += _section("Flat names", _pin_lines(refresh.pins, refresh.old_pins, refresh.shadowed,
                                               refresh.stale))
    lines += _section("Traits of the model that the facts do not carry",
                      ["%s: %d times, first at %s" % (trait, len(where), where[0])
                       for trait, where in refresh.unknown.items()])
    for service, found in refresh.changes.items():
        lines += _section("%s: %d changes" % (service, len(found)), map(_line, found))
    return "\n".join(lines) + "\n"
