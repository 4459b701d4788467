"""Tests of the refresh: python3 tools/refresh_api/test_refresh.py"""
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

import changes
import endpoints
import merge
import model
import pins
import refresh
import report


def facts(operations=None, shapes=None, paginators=None, npm=False):
    sources = {"botocore": "1.0.0", **({"@aws-sdk/client-toy": "3.1.0"} if npm else {})}
    return {"service": {"id": "toy", "sources": sources}, "operations": operations or {},
            "shapes": shapes or {}, "paginators": paginators or {}, "waiters": {}}


def operation(uri="/toys", **fields):
    return {"snake": "list_toys", "method": "GET", "uri": uri, "errors": [], **fields}


def structure(*names, **fields):
    return {"type": "structure", "members": {name: {"shape": "Text"} for name in names}, **fields}


class MergeTest(unittest.TestCase):
    def test_npm_operation_is_kept_with_all_it_is_made_of(self):
        old = facts({"ListToys": operation(**{"in": "In", "src": "js"})},
                    {"In": {"type": "structure", "src": "js", "members": {"a": {"shape": "_list"}}},
                     "_list": {"type": "list", "src": "js", "member": "_string"},
                     "_string": {"type": "string", "src": "js"},
                     "Unused": {"type": "string", "src": "js"}},
                    {"ListToys": {"in": "n", "out": "n", "src": "js"}}, npm=True)
        merged, kept = merge.merge(old, facts())
        self.assertEqual(list(merged["operations"]), ["ListToys"])
        self.assertEqual(list(merged["shapes"]), ["In", "_list", "_string"])
        self.assertEqual(merged["paginators"], old["paginators"])
        self.assertIn("@aws-sdk/client-toy", merged["service"]["sources"])
        self.assertEqual(len(kept), 5)

    def test_what_botocore_has_is_no_more_marked_and_wins(self):
        old = facts({"ListToys": operation(src="js")},
                    {"In": {**structure("a", "b"), "src": "js", "required": ["a"]}}, npm=True)
        new = facts({"ListToys": operation("/toys/list", method="POST")},
                    {"In": structure("a", required=["a", "c"])})
        merged, kept = merge.merge(old, new)
        self.assertEqual(merged, new)
        self.assertEqual(kept, [])

    def test_npm_member_of_a_known_structure_is_kept(self):
        old = facts({}, {"In": structure("a"), "Text": {"type": "string"},
                         "_double": {"type": "double", "src": "js"}}, npm=True)
        old["shapes"]["In"]["members"]["b"] = {"shape": "_double", "src": "js"}
        new = facts({}, {"In": structure("a"), "Text": {"type": "string"}})
        merged, kept = merge.merge(old, new)
        self.assertEqual(merged["shapes"]["In"]["members"]["b"], {"shape": "_double", "src": "js"})
        self.assertIn("_double", merged["shapes"])
        self.assertEqual(kept, ["member In.b", "shape _double"])
        self.assertNotIn("b", new["shapes"]["In"]["members"])

    def test_member_of_a_shape_of_another_type_is_not_kept(self):
        old = facts({}, {"In": structure()}, npm=True)
        old["shapes"]["In"]["members"]["b"] = {"shape": "Text", "src": "js"}
        merged, kept = merge.merge(old, facts({}, {"In": {"type": "string"}}))
        self.assertEqual((merged["shapes"], kept), ({"In": {"type": "string"}}, []))

    def test_unmarked_values_and_errors_stay_only_while_npm_is_a_source(self):
        for npm in (True, False):
            old = facts({"ListToys": operation(errors=["A", "B"])},
                        {"Kind": {"type": "string", "enum": ["x", "y"]}, "B": structure()}, npm=npm)
            new = facts({"ListToys": operation(errors=["A"])},
                        {"Kind": {"type": "string", "enum": ["x"]}})
            merged, kept = merge.merge(old, new)
            self.assertEqual(merged["shapes"]["Kind"]["enum"], ["x", "y"] if npm else ["x"])
            self.assertEqual(merged["operations"]["ListToys"]["errors"],
                             ["A", "B"] if npm else ["A"])
            self.assertEqual("B" in merged["shapes"], npm)
            self.assertEqual(bool(kept), npm)

    def test_unmarked_parts_that_botocore_dropped_go(self):
        old = facts({"ListToys": operation()}, {"In": structure("a", "b")}, npm=True)
        merged, kept = merge.merge(old, facts({}, {"In": structure("a")}))
        self.assertEqual(merged["operations"], {})
        self.assertEqual(list(merged["shapes"]["In"]["members"]), ["a"])
        self.assertEqual(kept, [])


class ChangesTest(unittest.TestCase):
    def found(self, old, new):
        return {(c.action, c.kind, c.where, c.detail, c.careful) for c in changes.compare(old, new)}

    def test_same_facts_have_no_changes(self):
        same = facts({"ListToys": operation()}, {"In": structure("a", required=["a"])})
        self.assertEqual(self.found(same, same), set())

    def test_operations(self):
        old = facts({"A": operation(), "B": operation(errors=["X"])})
        new = facts({"B": operation("/b", errors=["Y"]), "C": operation("/c")})
        self.assertEqual(self.found(old, new), {
            ("removed", "operation", "A", "", True),
            ("changed", "operation", "B", "uri: /toys -> /b", True),
            ("removed", "error", "B", "X", False),
            ("added", "error", "B", "Y", False),
            ("added", "operation", "C", "GET /c", False),
        })

    def test_shapes(self):
        old = facts({}, {"S": structure("a", "b", required=["a"]),
                         "T": {"type": "string", "enum": ["x"], "max": 9}, "U": {"type": "blob"}})
        new = facts({}, {"S": structure("a", "c", required=["c"]),
                         "T": {"type": "string", "enum": ["y"], "min": 1, "max": 10},
                         "V": {"type": "map"}})
        self.assertEqual(self.found(old, new), {
            ("removed", "member", "S", "b", True), ("added", "member", "S", "c", False),
            ("removed", "required", "S", "a", False), ("added", "required", "S", "c", True),
            ("removed", "value", "T", "x", False), ("added", "value", "T", "y", False),
            ("changed", "limit", "T", "min: none -> 1", True),
            ("changed", "limit", "T", "max: 9 -> 10", False),
            ("removed", "shape", "U", "", False), ("added", "shape", "V", "map", False),
        })

    def test_limits_come_to_know_for_npm_shapes_are_no_change(self):
        old = facts({}, {"T": {"type": "number", "src": "js"}})
        new = facts({}, {"T": {"type": "integer", "min": 1}})
        self.assertEqual(self.found(old, new), set())

    def test_marks_are_counted(self):
        old = facts({"A": operation(src="js")}, {"S": structure("a"), "T": {"src": "js"}})
        old["shapes"]["S"]["members"]["a"]["src"] = "js"
        self.assertEqual(changes.marks(old), 3)


class PinsTest(unittest.TestCase):
    def service(self, *names):
        return {"operations": {name: {"snake": name} for name in names}}

    def test_a_flat_name_keeps_its_first_owner(self):
        before = pins.first({"one": self.service("go", "tag"), "two": self.service("tag")})
        self.assertEqual(before, {"go": "one", "tag": False})
        after = {"zero": self.service("go", "new", "both"), "one": self.service("go", "tag"),
                 "two": self.service("both")}
        result = pins.update(before, after)
        self.assertEqual(result, {"both": False, "go": "one", "new": "zero", "tag": False})
        self.assertEqual(list(result), sorted(result))
        self.assertEqual(pins.shadowed(result, after), {"go": ["zero"]})

    def test_an_owner_that_lost_the_operation_stays_and_is_told(self):
        after = {"two": self.service("go")}
        self.assertEqual(pins.update({"go": "one"}, after), {"go": "one"})
        self.assertEqual(pins.stale({"go": "one"}, after), ["go"])


MODEL = {
    "metadata": {"serviceId": "Toy", "endpointPrefix": "toy", "apiVersion": "2026-01-01",
                 "protocol": "rest-json", "auth": ["aws.auth#sigv4"], "uid": "toy"},
    "operations": {"PlayToy": {
        "name": "PlayToy", "http": {"method": "POST", "requestUri": "/toys/{id}",
                                    "responseCode": 202},
        "input": {"shape": "In"}, "output": {"shape": "Out"}, "errors": [{"shape": "Broken"}],
        "idempotent": True, "documentation": "<p>text</p>", "surprise": 1}},
    "shapes": {
        "Out": {"type": "structure", "members": {"stream": {"shape": "Stream"}},
                "payload": "stream"},
        "Stream": {"type": "structure", "eventstream": True, "members": {}},
        "In": {"type": "structure", "required": ["id"], "members": {
            "id": {"shape": "Text", "location": "uri", "locationName": "id"},
            "token": {"shape": "Text", "location": "header", "locationName": "x-token",
                      "idempotencyToken": True, "documentation": "text"}}},
        "Text": {"type": "string", "min": 1, "documentation": "text"},
        "Texts": {"type": "list", "flattened": True,
                  "member": {"shape": "Text", "locationName": "item"}},
        "Pairs": {"type": "map", "key": {"shape": "Text"},
                  "value": {"shape": "Text", "locationName": "Value"}},
        "Tagged": {"type": "structure", "members": {
            "kind": {"shape": "Text", "xmlAttribute": True, "locationName": "xsi:type"}}},
        "Broken": {"type": "structure", "members": {}, "exception": True, "fault": True,
                   "error": {"httpStatusCode": 500}, "retryable": {"throttling": True}},
    },
}


class ModelTest(unittest.TestCase):
    def test_extract(self):
        traits = model.Traits()
        parts = {"model": MODEL, "waiters": {}, "rules": {}, "paginators": {"pagination": {
            "PlayToy": {"input_token": "a", "output_token": "b", "result_key": "c"}}}}
        found = model.extract("toy", parts, "1.2.3", lambda name: "play_toy", traits)
        self.assertEqual(found["operations"], {"PlayToy": {
            "snake": "play_toy", "method": "POST", "uri": "/toys/{id}", "code": 202, "in": "In",
            "out": "Out", "errors": ["Broken"], "idempotent": True, "eventOut": "stream"}})
        self.assertEqual(list(found["shapes"]), ["Broken", "In", "Out", "Pairs", "Stream", "Tagged",
                                                 "Text", "Texts"])
        self.assertEqual(found["shapes"]["In"], {
            "type": "structure", "required": ["id"], "members": {
                "id": {"shape": "Text", "loc": "uri"},
                "token": {"shape": "Text", "loc": "header", "wire": "x-token", "idem": True}}})
        self.assertEqual(found["shapes"]["Text"], {"type": "string", "min": 1})
        self.assertEqual(found["shapes"]["Texts"], {
            "type": "list", "flattened": True, "member": {"shape": "Text", "wire": "item"}})
        self.assertEqual(found["shapes"]["Pairs"], {
            "type": "map", "key": "Text", "value": {"shape": "Text", "wire": "Value"}})
        self.assertEqual(found["shapes"]["Tagged"]["members"], {
            "kind": {"shape": "Text", "wire": "xsi:type", "attribute": True}})
        self.assertEqual(found["shapes"]["Broken"]["error"],
                         {"status": 500, "fault": "server", "retryable": True, "throttling": True})
        self.assertEqual(found["paginators"], {"PlayToy": {"in": "a", "out": "b", "result": "c"}})
        self.assertEqual(found["service"]["signingName"], "toy")
        self.assertEqual(traits.unknown, {"surprise": ["toy.PlayToy"]})

    def test_a_service_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertIsNone(model.load(folder, "toy"))


PARTITIONS = [
    {"id": "aws", "regionRegex": r"^us\-\w+\-\d+$", "dnsSuffix": "amazonaws.com",
     "dualStackDnsSuffix": "api.aws", "supportsFIPS": True, "supportsDualStack": True,
     "regions": ["us-east-1"]},
    {"id": "aws-cn", "regionRegex": r"^cn\-\w+\-\d+$", "dnsSuffix": "amazonaws.com.cn",
     "dualStackDnsSuffix": "api.cn", "supportsFIPS": False, "supportsDualStack": True,
     "regions": ["cn-north-1"]},
]


def rule(url, *conditions):
    return {"type": "endpoint", "endpoint": {"url": url}, "conditions": list(conditions)}


def equals(name, value):
    return {"fn": "booleanEquals", "argv": [{"ref": name}, value]}


def toy_rules(plain="https://toy.{Region}.{P#dnsSuffix}"):
    fips, dual = equals("UseFIPS", True), equals("UseDualStack", True)
    return {"rules": [{"type": "tree", "conditions": [
        {"fn": "isSet", "argv": [{"ref": "Region"}]},
        {"fn": "aws.partition", "argv": [{"ref": "Region"}], "assign": "P"}], "rules": [
            rule("https://toy-fips.{Region}.{P#dualStackDnsSuffix}", fips, dual),
            rule("https://toy-fips.{Region}.{P#dnsSuffix}", fips),
            rule("https://toy.{Region}.{P#dualStackDnsSuffix}", dual), rule(plain)]},
        {"type": "error", "error": "no region", "conditions": []}]}


class EndpointsTest(unittest.TestCase):
    def test_common_form(self):
        found = endpoints.service_templates("toy", "toy", toy_rules(), PARTITIONS)
        self.assertEqual(found, {"prefix": "toy", **{name: template for name, _, _, template
                                                     in endpoints.VARIANTS}})

    def test_new_domain_form(self):
        rules = {"rules": [rule("https://toy.{Region}.api.aws")]}
        found = endpoints.service_templates("toy", "toy", rules, PARTITIONS)
        self.assertEqual({found[name] for name, *_ in endpoints.VARIANTS}, {endpoints.NEW_DOMAIN})

    def test_another_form_stops_the_refresh(self):
        for plain in ("https://toy.{Region}.example.com", "https://toys.{Region}.{P#dnsSuffix}"):
            with self.assertRaises(endpoints.RuleError):
                endpoints.service_templates("toy", "toy", toy_rules(plain), PARTITIONS)

    def test_error_rule(self):
        found = endpoints.Rules(toy_rules(), PARTITIONS).resolve(UseFIPS=False)
        self.assertEqual(found, ("error", "no region", {}))

    def test_unknown_function(self):
        rules = {"rules": [rule("x", {"fn": "parseURL", "argv": []})]}
        with self.assertRaises(endpoints.RuleError):
            endpoints.Rules(rules, PARTITIONS).resolve()

    def test_partition_of(self):
        for region, name in (("cn-north-1", "aws-cn"), ("cn-new-9", "aws-cn"), ("odd", "aws")):
            self.assertEqual(endpoints.partition_of(region, PARTITIONS)["id"], name)

    def test_known_regions(self):
        found = endpoints.known_regions({"partitions": [{
            "partition": "aws", "regions": {"us-east-1": {}}, "services": {"toy": {"endpoints": {
                "us-east-1": {}, "aws-global": {}, "fips-us-east-1": {}, "us-east-1-fips": {},
                "toy-fips-us-east-1": {}}}}}]}, ["toy"])
        self.assertEqual(found, {"toy": {"aws": ["aws-global", "us-east-1"]},
                                 "toy-fips": {"aws": ["us-east-1"]},
                                 "toy-fips (explicit host)": {"aws": ["us-east-1"]}})

    def test_npm_regions_stay_until_botocore_has_them(self):
        old = {"regionsFromNpmOnly": {"aws": ["us-east-1", "us-new-1"]}}
        new = {"partitions": [{"id": "aws", "regions": ["us-east-1"]}], "knownRegions": {}}
        self.assertEqual(endpoints.merge(old, new), {"aws": ["us-new-1"]})
        self.assertEqual(new["partitions"][0]["regions"], ["us-east-1", "us-new-1"])
        self.assertEqual(new["regionsFromNpmOnly"], {"aws": ["us-new-1"]})


class RefreshTest(unittest.TestCase):
    def test_files_are_one_line_of_utf8_in_the_order_given(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.json"
            refresh.dump(path, {"b": "\u00e9", "a": [1, 2.5, True]})
            self.assertEqual(path.read_bytes(), '{"b":"\u00e9","a":[1,2.5,true]}\n'.encode())
            self.assertEqual(json.loads(path.read_text("utf-8")), refresh.read_facts(folder, "x"))
            self.assertIsNone(refresh.read_facts(folder, "y"))

    def test_versions_are_compared_by_number(self):
        self.assertLess(refresh.version_key("1.43.67"), refresh.version_key("1.43.127"))

    def test_report_names_what_changed(self):
        old = facts({"A": operation()}, {"T": {"type": "string", "enum": ["x"]}}, npm=True)
        new, kept = merge.merge(old, facts({"B": operation("/b")},
                                           {"T": {"type": "string", "enum": ["y"]}}))
        run = refresh.SimpleNamespace(
            version="1.1.0", old_version="1.0.0", before={"toy": old}, after={"toy": new},
            changes={"toy": changes.compare(old, new)}, kept={"toy": kept}, confirmed={"toy": 0},
            lacking=["gone"], unknown={"surprise": ["toy.B"]}, endpoint_lines=["~ errors"],
            pins={"list_toys": "toy", "tag": False}, old_pins={"tag": False}, shadowed={}, stale=[])
        text = report.render(run)
        for line in ("API facts: 1.0.0 -> botocore 1.1.0", "toy: - operation A",
                     "+ operation B GET /b", "+ value T y", "toy: value x of T", "gone", "~ errors",
                     "surprise: 1 times, first at toy.B", "new flat name: list_toys (toy)",
                     "ambiguous (1): tag", "toy: 3 changes"):
            self.assertIn(line, text.split("\n"))
        self.assertRegex(text, r"(?m)^operation +1 +1 +0$")


def main():
    result = unittest.main(exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
