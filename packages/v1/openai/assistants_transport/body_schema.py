"""Checks the objects of a request body: which fields they hold, and of which types."""

from collections.abc import Mapping

from assistants_transport.v2_errors import Json, refuse_field, refuse_value

FieldType = type | tuple[type, ...]
FieldTypes = Mapping[str, FieldType]
NUMBER = (int, float)
ANYTHING = (object,)  # checked later by the code that translates the field, or by OpenAI
TYPE_WORDS = {str: "text", dict: "an object", list: "a list", bool: "true or false"}


def check_fields(given: object, types: FieldTypes, what: str, param: str = "") -> Json:
    """Returns the object if all its fields are known and are null or of the right type.

    Raises V2Error 400 for the first field that is not. `what` names the object in the message ("a run"),
    `param` is the path of the object in the body."""
    if not isinstance(given, dict):
        refuse_value(param, "an object is wanted")
    for name, value in given.items():
        path = f"{param}.{name}" if param else name
        if name not in types:
            refuse_field(path, f"{what} has no such field")
        wanted = types[name]
        if value is not None and not isinstance(value, wanted):
            word = "a number" if isinstance(wanted, tuple) else TYPE_WORDS.get(wanted, wanted.__name__)
            refuse_value(path, f"{word} is wanted")
    return given


def check_names(given: object, known: set[str], param: str, why: str = "it is not known here") -> None:
    """Raises V2Error 400 unless the value is an object whose fields are all known; says why not."""
    if not isinstance(given, dict):
        refuse_value(param, "an object is wanted")
    for name in given:
        if name not in known:
            refuse_field(f"{param}.{name}", why)


def check_objects(given: object, param: str) -> list[Json]:
    """Returns the list if all its elements are objects; raises V2Error 400 otherwise."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        refuse_value(param, "a list of objects is wanted")
    return given


def is_number_within(value: object, low: int, high: int) -> bool:
    """Whether the value is a number (true and false are none) from `low` to `high`."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
