"""A small checker of JSON against the OpenAPI 3.0 document that the platform serves: the part of
its schemas that the platform writes, and not one word more, so that an unknown one is seen.

    document = Document(json)
    document.check("GET", "/devices/x", 200, "application/json", body)     # raises Mismatch
"""

import re

KNOWN = {"type", "nullable", "enum", "properties", "required", "additionalProperties", "items",
         "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "format",
         "description", "$ref"}


class Mismatch(AssertionError):
    """An answer that the document does not allow."""


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


TYPES = {
    "string": lambda v: isinstance(v, str),
    "integer": is_integer,
    "number": lambda v: is_integer(v) or isinstance(v, float),
    "boolean": lambda v: isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
}


class Document:
    def __init__(self, document):
        self.document = document
        self.paths = {}
        for path, operations in document["paths"].items():
            pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
            self.paths[re.compile(pattern)] = (path, operations)
        self.checked = set()

    def find(self, method, path):
        """The operation of a path, without its query; literal segments come before variables."""
        found = [(p.count("{"), p, operations) for pattern, (p, operations) in self.paths.items()
                 if pattern.fullmatch(path) and method.lower() in operations]
        if not found:
            raise Mismatch(f"{method} {path} is not in the document")
        _, template, operations = min(found, key=lambda f: f[:2])
        self.checked.add((method, template))
        return operations[method.lower()]

    def check(self, method, path, status, media_type, body):
        responses = self.find(method, path)["responses"]
        if str(status) not in responses:
            raise Mismatch(f"{method} {path} answers {status}, which is not in the document")
        content = responses[str(status)].get("content")
        if content is None:
            if body is not None:
                raise Mismatch(f"{method} {path} has a body, which is not in the document")
            return
        if media_type not in content:
            raise Mismatch(f"{method} {path} answers {media_type}, not one of {list(content)}")
        self.check_value(content[media_type]["schema"], body, f"{method} {path}")

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            schema = target
        return schema

    def check_value(self, schema, value, where):
        schema = self.resolve(schema)
        if set(schema) - KNOWN:
            raise Mismatch(f"{where}: unknown words in the schema: {set(schema) - KNOWN}")
        if value is None and schema.get("nullable"):
            return
        if "type" in schema and not TYPES[schema["type"]](value):
            raise Mismatch(f"{where}: {value!r} is no {schema['type']}")
        if "enum" in schema and value not in schema["enum"]:
            raise Mismatch(f"{where}: {value!r} is none of {schema['enum']}")
        if isinstance(value, dict):
            self.check_object(schema, value, where)
        elif isinstance(value, list):
            self.check_size(schema, len(value), "Items", where)
            for number, item in enumerate(value):
                self.check_value(schema.get("items", {}), item, f"{where}[{number}]")
        elif isinstance(value, str):
            self.check_size(schema, len(value), "Length", where)
        elif is_integer(value) or isinstance(value, float):
            self.check_number(schema, value, where)

    def check_object(self, schema, value, where):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                raise Mismatch(f"{where}: {name} is missing")
        for name, member in value.items():
            if name in properties:
                self.check_value(properties[name], member, f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                raise Mismatch(f"{where}: {name} is not in the document")

    @staticmethod
    def check_size(schema, size, what, where):
        if size < schema.get("min" + what, 0) or size > schema.get("max" + what, size):
            raise Mismatch(f"{where}: {size} is outside of min{what} and max{what}")

    @staticmethod
    def check_number(schema, value, where):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            raise Mismatch(f"{where}: {value} is outside of minimum and maximum")

    def references(self):
        """All references of the document, wherever they are."""
        todo, found = [self.document], set()
        while todo:
            value = todo.pop()
            if isinstance(value, dict):
                if isinstance(value.get("$ref"), str):
                    found.add(value["$ref"])
                todo.extend(value.values())
            elif isinstance(value, list):
                todo.extend(value)
        return found
