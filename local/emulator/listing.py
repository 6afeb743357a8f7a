"""Lists: a page of objects, and what goes wrong with its cursor."""

from starlette.responses import JSONResponse

from local.emulator.api_error import ApiError
from local.emulator.database import Database, Page, PageRequest, UnknownCursorError


def find_page(database: Database, sql: str, wanted: PageRequest, start: int | None, **values: object) -> Page:
    """A page that `sql` selects (see Database.page). That `after` is in no list is ApiError 400: OpenAI's own
    answer to it is unverified."""
    try:
        return database.page(sql, wanted, start, **values)
    except UnknownCursorError as error:
        raise ApiError(
            f"Invalid 'after': no object with id '{error}' in this list.", param="after", code="invalid_value"
        ) from None


def render_list(page: Page) -> JSONResponse:
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
