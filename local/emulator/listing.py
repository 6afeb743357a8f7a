"""The list object and what goes wrong with its cursor."""

from starlette.responses import JSONResponse

from local.emulator.database import Page, UnknownCursorError
from local.emulator.errors import ApiError


def list_object(page: Page) -> JSONResponse:
    """One page. OpenAI's description makes first_id and last_id strings, so an empty page has empty ones."""
    ids = [found["id"] for found in page.data] or [""]
    return JSONResponse(
        {
            "object": "list",
            "data": page.data,
            "first_id": ids[0],
            "last_id": ids[-1],
            "has_more": page.has_more,
        }
    )


def unknown_cursor(error: UnknownCursorError) -> ApiError:
    """400: `after` is no object of this list. OpenAI's own answer to it is unverified."""
    return ApiError(
        f"Invalid 'after': no object with id '{error}' in this list.", param="after", code="invalid_value"
    )
