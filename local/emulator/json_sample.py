"""The smallest JSON value that fits a JSON schema: what the echo answers where a schema is asked for."""

from typing import Any

from local.emulator.database import Json

SIMPLE_VALUES: dict[str, Any] = {"boolean": False, "null": None}


def make_sample(schema: Any, root: Json | None = None) -> Any:
    """A value that fits `schema`: const, enum, $ref, anyOf, oneOf, allOf, type, required, items, bounds."""
    if not isinstance(schema, dict):
        return None
    root = schema if root is None else root
    if "$ref" in schema:
        return make_sample(_resolve(str(schema["$ref"]), root), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            return make_sample(schema[choice][0], root)
    if "allOf" in schema:
        return make_sample(_merge_schemas(schema["allOf"]), root)
    return _make_by_type(schema, root)


def _make_by_type(schema: Json, root: Json) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: make_sample(properties.get(name, {}), root) for name in schema.get("required", [])}
    if kind == "array":
        return [make_sample(schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]
    if kind in ("number", "integer"):
        return _make_number(schema)
    if kind == "string":
        shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
        return "echo".ljust(shortest, ".")[:longest]
    return SIMPLE_VALUES.get(kind)


def _make_number(schema: Json) -> Any:
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(0, schema.get("maximum", 0))


def _resolve(reference: str, root: Json) -> Any:
    found: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        found = found.get(step, {})
    return found


def _merge_schemas(schemas: list[Json]) -> Json:
    together: Json = {"properties": {}, "required": []}
    for schema in schemas:
        together["properties"].update(schema.get("properties", {}))
        together["required"] += schema.get("required", [])
    return {**together, "type": "object"}
