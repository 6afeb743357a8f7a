"""What an object of a request may hold: names and types, checked before anything is sent."""

from collections.abc import Mapping

from assistants_transport.v2_errors import Json, refuse_field, refuse_value

Types = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
ANYTHING = (object,)  # looked at by whoever translates it, or by OpenAI
WANTED = {str: "text", dict: "an object", list: "a list", bool: "true or false"}


def check(given: object, types: Types, what: str, param: str = "") -> Json:
    """The object, if it holds nothing but fields of these names and types (or null).

    V2Error 400 names the first field that does not fit; `param` is where the object stands."""
    if not isinstance(given, dict):
        refuse_value(param, "an object is wanted")
    for name, value in given.items():
        at = f"{param}.{name}" if param else name
        if name not in types:
            refuse_field(at, f"{what} has no such field")
        if value is not None and not isinstance(value, types[name]):
            wanted = types[name]
            word = "a number" if isinstance(wanted, tuple) else WANTED.get(wanted, wanted.__name__)
            refuse_value(at, f"{word} is wanted")
    return given


def list_of_objects(given: object, param: str) -> list[Json]:
    """The list, if it is one of objects; else V2Error 400."""
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        refuse_value(param, "a list of objects is wanted")
    return given
