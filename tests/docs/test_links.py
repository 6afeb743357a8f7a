"""Whatever the papers name is there: pages, files, rooms, commands."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, README, ROOT, Page

FOLDERS = ("packages", "local", "tests", "benchmarks", "docs")
NAMES = [page.name for page in PAGES]
# A file or a folder, named as one: `assistant_function/request/`, `project.yml`.
A_PATH = r"(?![./])[\w./-]+?(?:/|\.(?:py|yml|md|sh|txt|html|sql|png|toml))"
# Files that the platform makes of ours, or brings along.
OF_THE_PLATFORM = {"main__.py", "virtualenv/bin/activate_this.py"}
MADE_BY_OTHERS = {"CHANGELOG.md"}  # tells what was and what comes: what it names need not be there


def project_paths() -> set[str]:
    """Every file and folder of the project; folders with a slash at the end."""
    found = [one for name in FOLDERS for one in [ROOT / name, *(ROOT / name).rglob("*")]]
    found += [one for one in ROOT.iterdir() if one.is_file()]
    return {f"/{one.relative_to(ROOT).as_posix()}{'/' if one.is_dir() else ''}" for one in found}


PATHS = project_paths()


def is_there(name: str) -> bool:
    """Whether the project has a file or folder whose path ends so."""
    return name in OF_THE_PLATFORM or any(path.endswith(f"/{name}") for path in PATHS)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in page.links():
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.path.parent / target).resolve() if target else page.path
        assert path.exists(), link
        assert not anchor or anchor in Page(path).anchors(), link


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_file_that_is_named_exists(page: Page) -> None:
    for span in page.spans():
        assert not re.fullmatch(A_PATH, span) or is_there(span), span


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_room_of_the_drawings_exists(page: Page) -> None:
    for block in page.blocks("mermaid"):
        named = re.findall(rf"(?<![\w./]){A_PATH}(?![\w/])", block)
        assert named, block
        assert [name for name in named if not is_there(name)] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in MADE_BY_OTHERS], ids=lambda page: page.name
)
def test_every_command_of_make_exists(page: Page) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([\w-]+)", page.text, re.MULTILINE)) <= targets


def test_every_page_is_found_from_the_readme() -> None:
    seen, waiting = set[Path](), [README.path]
    while waiting:
        path = waiting.pop()
        seen.add(path)
        links = [link.partition("#")[0] for link in Page(path).links() if ":" not in link]
        reached = {(path.parent / link).resolve() for link in links if link.endswith(".md")}
        waiting += reached - seen - set(waiting)
    assert {page.path for page in PAGES} <= seen


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_no_page_names_a_path_of_one_computer(page: Page) -> None:
    assert not re.search(r"(?<![\w.])/(?:work|tmp|home|root|Users)/", page.text)
    assert "../shared" not in page.text
