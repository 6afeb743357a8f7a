"""`make conformance`: runs OpenAI's suite of Assistants v2 against the transport and against the function by
path, then other SDKs and frameworks against the function; writes docs/conformance.md.

Fails if a test failed without having been refused by name, or if a program does not do what it should."""

import sys

from tests.conformance.clients import CLIENTS, run_client, serve_function
from tests.conformance.page import ENDS, PAGE, write_page
from tests.conformance.shortening import find_shortest_requests
from tests.conformance.stand_ins import start_suite_server, start_suite_server_by_path
from tests.conformance.suite import Outcome, count_other_tests, run_suite


def main() -> int:
    """Runs, writes, prints the figures; 0 if nothing failed."""
    with start_suite_server() as server:
        outcomes = run_suite(server.url)
        requests = find_shortest_requests(server.url, outcomes)
    with serve_function() as url:
        with start_suite_server_by_path(url) as server:
            by_path = run_suite(server.url)
        problems = {client.title: run_client(client, url) for client in CLIENTS}
    page = write_page(outcomes, requests, count_other_tests(), by_path, problems)
    PAGE.write_text(page, encoding="utf-8")
    print(f"{describe_ends(outcomes)} By path: {describe_ends(by_path)} See docs/{PAGE.name}.")
    for title, problem in problems.items():
        print(f"{title}: {problem or 'passed'}")
    failed = any(outcome.end == "failing" for outcome in (*outcomes, *by_path))
    return 1 if failed or any(problems.values()) else 0


def describe_ends(outcomes: list[Outcome]) -> str:
    ends = [outcome.end for outcome in outcomes]
    counts = ", ".join(f"{ends.count(end)} {word}" for end, word in ENDS.items())
    return f"{len(ends)} tests of OpenAI's: {counts}."


if __name__ == "__main__":
    sys.exit(main())
