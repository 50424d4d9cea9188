"""Checks a JSON document against the part of JSON Schema that docs/results.schema.json uses.

usage: schema.py SCHEMA DOCUMENT
"""
import json
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "number": (int, float), "integer": int}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and (isinstance(value, bool) == (name == "boolean"))


def check(value, schema, root, path):
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    if names and not any(is_type(value, name) for name in names):
        yield f"{path}: is {type(value).__name__}, not {' or '.join(names)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        for key in schema.get("required", []):
            if key not in value:
                yield f"{path}: lacks {key}"
        for key, below in value.items():
            if key in schema.get("properties", {}):
                yield from check(below, schema["properties"][key], root, f"{path}/{key}")
            elif schema.get("additionalProperties") is False:
                yield f"{path}: has {key}, which the schema does not know"
            elif isinstance(schema.get("additionalProperties"), dict):
                yield from check(below, schema["additionalProperties"], root, f"{path}/{key}")
    if isinstance(value, list) and "items" in schema:
        for number, below in enumerate(value):
            yield from check(below, schema["items"], root, f"{path}/{number}")


def main():
    schema, document = (json.load(open(path)) for path in sys.argv[1:3])
    errors = list(check(document, schema, schema, ""))
    for error in errors[:20]:
        print(error, file=sys.stderr)
    sys.exit(1 if errors else 0)


main()
