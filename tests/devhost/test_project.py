""".env: what is read as the deployer reads it, and what is refused because it does not."""

from pathlib import Path

import pytest

from local.devhost.project import ProjectError, read_env_file, read_project

# Read by dotenv 16.6.1 for JavaScript, which the deployer uses, to the same values.
SAME = {
    "A=1": "1",
    "export A = 1": "1",
    "\ufeffA=1": "1",
    "A=a b ": "a b",
    "A=a # comment": "a",
    "A= # comment": "",
    "A='a # b' # comment": "a # b",
    'A=" a "': " a ",
    "A=it's": "it's",
    "A=a=b?c&d;$e${F}": "a=b?c&d;$e${F}",
    "A=ü€😀": "ü€😀",
    "A=1\r\nA=2\rA=3": "3",
    "# A=1\n\n   \nA=2": "2",
    "A=": "",
}
# What the deployer makes of the others is named where it is no error of its own.
REFUSED = {
    "A=a\\b": "project.yml's quotes make a control character of it",
    'A=a"b': "project.yml's quotes end there",
    "'A=\"a": "nothing",
    'A="a"b': 'the quotes are part of it: "a"b',
    "A='it\\'s'": "it\\'s",
    "A=`a`": "a",
    "A=a#b": "a",
    "A=#b": "nothing",
    "A: a": "a",
    "A": "nothing",
    "1A=a": "a name of its own",
    "A-B=a": "a name of its own",
    "A='a\nb'": "a value of two lines",
    "A=\n'b'": "b",
    "A=a\tb": "no tab may stand in project.yml",
    "A=a\0b": "a value that no process can be given",
    "A=a\u2028b": "a line that cannot be seen",
    "A=a # b\u2028A=c": "c",
    "# a\u2028A=c": "c",
    "A=\u200ba": "a character that cannot be seen",
    "{}": "JSON",
}


@pytest.mark.parametrize(("text", "value"), SAME.items())
def test_what_has_one_meaning_is_read(tmp_path: Path, text: str, value: str) -> None:
    (tmp_path / ".env").write_bytes(text.encode())
    assert read_env_file(tmp_path / ".env") == {"A": value}


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_deployer_reads_differently_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_bytes(f"# first\nB=2\n{text}\n".encode())
    with pytest.raises(ProjectError, match=r"^\.env, line [345][ :]") as refused:
        read_env_file(tmp_path / ".env")
    assert str(refused.value).isprintable()


def test_no_value_is_shown_in_a_refusal(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('TOKEN=secret"')
    with pytest.raises(ProjectError) as refused:
        read_env_file(tmp_path / ".env")
    assert "secret" not in str(refused.value)


def test_a_missing_file_has_no_settings_and_a_folder_is_told(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}
    (tmp_path / ".env").mkdir()
    with pytest.raises(ProjectError, match=r"\.env cannot be read"):
        read_env_file(tmp_path / ".env")


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "a\tb"])
def test_a_value_of_the_environment_that_breaks_project_yml_is_told(tmp_path: Path, value: str) -> None:
    (tmp_path / "project.yml").write_text('environment: {A: "${A}"}')
    with pytest.raises(ProjectError, match=r"^A holds a quote"):
        read_project(tmp_path, {"A": value})
