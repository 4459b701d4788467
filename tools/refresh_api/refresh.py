"""Rebuilds the API facts from an installed botocore; tools/refresh_api.sh runs this.

    python refresh.py --facts csrc/model/facts --out DIR --report FILE
"""
import argparse
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import changes
import endpoints
import merge
import model
import pins
import report


def dump(path, value):
    """One line, in the order of the facts: the same facts are the same bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    Path(path).write_text(text + "\n", encoding="utf-8")


def read_facts(folder, service):
    path = Path(folder) / (service + ".json")
    return model.read_json(path) if path.exists() else None


def version_key(text):
    return [int(part) for part in text.split(".") if part.isdigit()]


def merge_services(run, facts_folder, data, snake):
    """Fills before, after, changes, kept, confirmed and rules of `run`, service by service."""
    traits = model.Traits()
    for service in model.SERVICES:
        old, parts = read_facts(facts_folder, service), model.load(data, service)
        if old is not None:
            run.before[service] = old
        if parts is None:
            run.lacking.append(service)
            run.after.update({service: old} if old else {})
            continue
        new = model.extract(service, parts, run.version, snake, traits)
        run.rules[service] = (new["service"]["endpointPrefix"], parts["rules"])
        if old is None:
            run.after[service] = new
            continue
        run.after[service], run.kept[service] = merge.merge(old, new)
        run.changes[service] = changes.compare(old, run.after[service])
        run.confirmed[service] = changes.marks(old) - changes.marks(run.after[service])
    run.unknown = traits.unknown


def _endpoint_changes(old, new):
    """A line for each part of endpoints.json that differs."""
    lines = []
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if key == "source" or was == now:
            continue
        if key != "services":
            lines.append("~ %s: %s -> %s" % (key, json.dumps(was), json.dumps(now)))
            continue
        lines += ["~ %s: %s" % (service, json.dumps(now.get(service)))
                  for service in dict.fromkeys([*(was or {}), *now])
                  if (was or {}).get(service) != now.get(service)]
    return lines


def merge_endpoints(run, facts_folder, data):
    old = read_facts(facts_folder, "endpoints") or {}
    new = endpoints.extract(run.version, model.read_json(Path(data) / "partitions.json"),
                            model.read_json(Path(data) / "endpoints.json"), run.rules)
    # A service that this botocore lacks keeps the templates it had.
    for service in run.lacking:
        if service in old.get("services", {}):
            new["services"][service] = old["services"][service]
    kept = endpoints.merge(old, new)
    run.endpoints = new
    for service, facts in run.after.items():
        endpoints.own_domain(facts["service"], new["services"][service])
    run.endpoint_lines = _endpoint_changes(old, new)
    run.endpoint_lines += ["kept, known from npm only: %s" % ", ".join(regions)
                           for regions in kept.values()]


def merge_pins(run, facts_folder):
    known = read_facts(facts_folder, "pins")
    run.old_pins = known if known is not None else pins.first(run.before)
    run.pins = pins.update(run.old_pins, run.after)
    run.stale = pins.stale(run.pins, run.after)
    run.shadowed = pins.shadowed(run.pins, run.after)


def gather(facts_folder, data, version, snake):
    """All that a refresh finds out, as attributes."""
    run = SimpleNamespace(version=version, before={}, after={}, changes={}, kept={}, confirmed={},
                          rules={}, lacking=[])
    merge_services(run, facts_folder, data, snake)
    versions = {facts["service"]["sources"]["botocore"] for facts in run.before.values()}
    run.old_version = max(versions, key=version_key, default="none")
    merge_endpoints(run, facts_folder, data)
    merge_pins(run, facts_folder)
    return run


def write(run, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for service, facts in run.after.items():
        dump(folder / (service + ".json"), facts)
    dump(folder / "endpoints.json", run.endpoints)
    dump(folder / "pins.json", run.pins)


def main():
    import botocore

    parser = argparse.ArgumentParser(description="Rebuilds the API facts from botocore.")
    parser.add_argument("--facts", required=True, type=Path, help="folder of the present facts")
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    parser.add_argument("--report", required=True, type=Path, help="file for the summary")
    options = parser.parse_args()
    data = Path(botocore.__file__).parent / "data"
    run = gather(options.facts, data, botocore.__version__, botocore.xform_name)
    if version_key(run.version) < version_key(run.old_version):
        sys.exit("botocore %s is older than %s, which the facts in %s came from"
                 % (run.version, run.old_version, options.facts))
    write(run, options.out)
    options.report.write_text(report.render(run), encoding="utf-8")


if __name__ == "__main__":
    main()
