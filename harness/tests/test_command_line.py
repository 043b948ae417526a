"""The dispatcher: verbs, errors as sentences, exit statuses."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from wirelaw import __version__, cli
from wirelaw.errors import UserError


def a_verb(run, **more) -> SimpleNamespace:
    return SimpleNamespace(HELP="a verb", configure=lambda parser: None, run=run, **more)


@pytest.fixture
def test_verb(monkeypatch):
    """Puts a module of our own in the place of ``wirelaw test``."""

    def install(module: SimpleNamespace) -> None:
        monkeypatch.setattr(cli, "load", lambda verb: module)

    return install


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"wirelaw {__version__}\n"


def test_help_lists_each_verb_with_its_line(capsys):
    assert cli.main(["--help"]) == 0
    out = capsys.readouterr().out
    for verb in cli.available_verbs():
        assert f"  {verb:<8} {cli.load(verb).HELP}\n" in out


@pytest.mark.parametrize("verb", cli.available_verbs())
def test_each_verb_has_help_with_examples(verb, capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main([verb, "--help"])
    assert exit_info.value.code == 0
    assert "example" in capsys.readouterr().out


def test_no_arguments_show_the_overview_and_fail(capsys):
    assert cli.main([]) == 2
    assert "usage: wirelaw VERB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["tset"], "wirelaw: there is no verb 'tset'; did you mean 'test'?\n"),
        (["--nonsense"], "wirelaw: unknown option --nonsense; options stand behind the verb"),
    ],
)
def test_wrong_verbs_are_one_sentence(argv, sentence, capsys):
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_wrong_argument_is_one_sentence(capsys):
    with pytest.raises(SystemExit) as exit_info:
        cli.main(["test", "--nonsense"])
    assert exit_info.value.code == 2
    err = capsys.readouterr().err
    assert err == (
        "wirelaw test: unrecognized arguments: --nonsense; 'wirelaw test --help' shows the usage\n"
    )


def test_user_error_is_one_sentence(test_verb, capsys):
    def run(args):
        raise UserError("port 1883 is taken: name another by --port")

    test_verb(a_verb(run))
    assert cli.main(["test"]) == 2
    assert capsys.readouterr().err == "wirelaw: port 1883 is taken: name another by --port\n"


def test_interrupt(test_verb, capsys):
    def run(args):
        raise KeyboardInterrupt

    test_verb(a_verb(run))
    assert cli.main(["test"]) == 130


def test_unknown_arguments_are_kept_where_a_verb_asks_for_them(test_verb):
    seen = []
    test_verb(a_verb(lambda args: seen.append(args.extra) or 0, EXTRA=True))
    assert cli.main(["test", "-x", "--other", "y"]) == 0
    assert seen == [["-x", "--other", "y"]]


def test_closed_pipe_ends_quietly():
    script = "from wirelaw.cli import main; import sys; sys.exit(main(['--help']))"
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    error = process.stderr.read()
    assert process.wait() in (0, 141)
    assert error == b""


def test_dispatch_imports_nothing_slow():
    script = "import sys; import wirelaw.cli; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    ).stdout.split()
    slow = {"rich", "jinja2", "yaml", "jsonschema", "pytest", "_wirelaw"}
    assert slow.isdisjoint(modules)
