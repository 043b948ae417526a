"""Descriptors: the ones that come with wirelaw, and the sentences for what is wrong in one."""

import datetime
from pathlib import Path

import pytest

from wirelaw import iut
from wirelaw.errors import UserError
from wirelaw.iut import template

SERVER = """
name = "some"
title = "Some broker"
role = "server"
[protocols]
mqtt5 = ["tcp"]
[install]
from = "apt"
packages = ["some"]
[start]
argv = ["some", "{port}"]
[listeners]
tcp = {}
[pics]
qos1 = true
"""


def parse(folder: Path, text: str) -> iut.Descriptor:
    file = folder / "some.toml"
    file.write_text(text)
    return iut.parse(file)


@pytest.mark.parametrize("name", sorted(iut.names()))
def test_our_own_are_right(name: str) -> None:
    descriptor = iut.load(name)
    assert descriptor.name == name
    for protocol in descriptor.protocols:
        assert protocol in ("mqtt311", "mqtt5")


def test_a_minimal_one(tmp_path: Path) -> None:
    descriptor = parse(tmp_path, SERVER)
    assert descriptor.protocols == {"mqtt5": ("tcp",)}
    assert descriptor.pics["qos1"] and not descriptor.pics["qos2"]
    assert descriptor.stop.signal == "TERM" and descriptor.restart == descriptor.stop


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "some"', 'name = "other"', "some.toml: name is 'other'; it must be"),
        ('title = "Some broker"', "", "some.toml: title is missing; it must be a string"),
        ('role = "server"', 'role = "broker"', "role is 'broker', which is none of server, client"),
        ("mqtt5 =", "mqtt6 =", "protocols.mqtt6 is none of the protocols"),
        ('mqtt5 = ["tcp"]', 'mqtt5 = ["ws"]', "names 'ws', for which there is no listener"),
        ('mqtt5 = ["tcp"]', "mqtt5 = []", "protocols.mqtt5 must name at least one transport"),
        ('from = "apt"', 'from = "snap"', "install.from is 'snap', which is none of apt"),
        ('packages = ["some"]', "packages = 3", "install.packages must be a list of strings"),
        ('"{port}"]', '"{prot}"]', "start.argv mentions {prot}, which is no placeholder here"),
        ('"{port}"]', "3]", "start.argv has an element that is neither"),
        ("qos1 = true", "qos3 = true", "pics.qos3 is no capability of a server"),
        ("qos1 = true", 'qos1 = "yes"', "pics.qos1 must be true or false"),
        ("[pics]", "[stop]\nsignal = 'ALRM'\n[pics]", "stop.signal is 'ALRM', which is none of"),
        ("[pics]", "[ready]\nlog = '('\n[pics]", "ready.log is no regular expression"),
        ("[pics]", "[ready]\nlod = 'x'\n[pics]", "ready.lod is no key of a descriptor"),
        ("[pics]", "[[deviations]]\nid = 'x'\n[pics]", "deviations[1].expires must be a date"),
        ("[pics]", "[pics", "is no TOML"),
    ],
)
def test_each_mistake_is_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in SERVER
    with pytest.raises(UserError) as caught:
        parse(tmp_path, SERVER.replace(old, new))
    assert said in str(caught.value)
    assert str(tmp_path / "some.toml") in str(caught.value)
    assert "\n" not in str(caught.value) or "TOML" in str(caught.value)


def test_the_example_of_the_manual(tmp_path: Path) -> None:
    manual = Path(__file__).parents[2] / "docs" / "iut.md"
    (tmp_path / "shims").mkdir()
    (tmp_path / "shims" / "some-server.mjs").touch()
    example = manual.read_text().partition("```toml\n")[2].partition("```")[0]
    assert parse(tmp_path, example).deviations[0].protocol == "mqtt5"


def test_deviations_expire(tmp_path: Path) -> None:
    text = SERVER + (
        "[[deviations]]\nid = 'MQTT5-3.1.0-2'\nreason = 'r'\nowner = 'o'\nexpires = 2027-01-31\n"
    )
    descriptor = parse(tmp_path, text)
    assert len(descriptor.deviations_on(datetime.date(2027, 1, 31))) == 1
    assert not descriptor.deviations_on(datetime.date(2027, 2, 1))


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UserError, match="no IUT 'mosquito'; did you mean 'mosquitto'"):
        iut.load("mosquito")


def test_the_users_own_descriptors_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "wirelaw" / "iuts"
    folder.mkdir(parents=True)
    parse(folder, SERVER)
    assert iut.load("some").file == folder / "some.toml"
    assert {"some", "mosquitto"} <= iut.names().keys()


def test_placeholders() -> None:
    argv = [
        "pub", "{host}", ["-u", "{username}"], {"when": "retain", "args": ["-r"]},
        {"unless": "clean", "args": ["-c", "{id}"]},
    ]  # fmt: skip
    assert template.argv_names(argv) == {"host", "username", "retain", "clean", "id"}
    assert template.fill_argv(argv, {"host": "h", "username": None, "clean": True}) == ["pub", "h"]
    assert template.fill_argv(
        argv, {"host": "h", "username": "u", "retain": True, "clean": False, "id": 7}
    ) == ["pub", "h", "-u", "u", "-r", "-c", "7"]
    assert template.fill('{"a": {port}, "b": {other}}', {"port": 1}) == '{"a": 1, "b": {other}}'
