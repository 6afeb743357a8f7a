"""What an object of a request may hold: names and types, checked before anything is sent."""

from collections.abc import Mapping

from assistants_transport.errors import Json, V2Error, refuse_field

Types = Mapping[str, type | tuple[type, ...]]
NUMBER = (int, float)
ANYTHING = (object,)  # looked at by whoever translates it, or by OpenAI
WANTED = {str: "text", dict: "an object", list: "a list", bool: "true or false"}


def check(given: object, types: Types, what: str, param: str = "") -> Json:
    """The object, if it holds nothing but fields of these names and types (or null).

    V2Error 400 names the first field that does not fit; `param` is where the object stands."""
    if not isinstance(given, dict):
        raise V2Error(400, f"Invalid '{param}': an object is wanted.", param=param)
    for name, value in given.items():
        at = f"{param}.{name}" if param else name
        if name not in types:
            refuse_field(at, f"{what} has no such field")
        if value is not None and not isinstance(value, types[name]):
            wanted = types[name]
            word = "a number" if isinstance(wanted, tuple) else WANTED.get(wanted, wanted.__name__)
            raise V2Error(400, f"Invalid '{at}': {word} is wanted.", param=at)
    return given
