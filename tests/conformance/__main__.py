"""`make conformance`: runs OpenAI's suite of Assistants v2, writes docs/conformance.md.

Fails if a test failed without having been refused by name."""

import sys

from tests.conformance.page import ENDS, PAGE, write_page
from tests.conformance.shortening import find_shortest_requests
from tests.conformance.stand_ins import start_suite_server
from tests.conformance.suite import count_other_tests, run_suite


def main() -> int:
    """Runs, writes, prints the figures; 0 if nothing failed."""
    with start_suite_server() as server:
        outcomes = run_suite(server.url)
        requests = find_shortest_requests(server.url, outcomes)
    PAGE.write_text(write_page(outcomes, requests, count_other_tests()), encoding="utf-8")
    ends = [outcome.end for outcome in outcomes]
    counts = ", ".join(f"{ends.count(end)} {word}" for end, word in ENDS.items())
    print(f"{len(ends)} tests of OpenAI's: {counts}. See docs/{PAGE.name}.")
    return 1 if "failing" in ends else 0


if __name__ == "__main__":
    sys.exit(main())
