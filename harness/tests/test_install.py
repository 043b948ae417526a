"""What users get outside the tree: ``cmake --install`` for C, ``pip install .`` for Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from wirelaw import __version__, paths

ROOT = paths.source_tree()
assert ROOT is not None, "these tests run in the source tree"

C_USER = r"""
#include "monitors/judge.h"
#include <stdio.h>

int main(void) {
  static const uint8_t pingreq[] = {0xC0, 0x00};
  static const uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  const law_protocol *mqtt = law_protocol_find("mqtt");
  const law_type *type = mqtt->type_of(context, (law_bytes){pingreq, sizeof pingreq});
  printf("%s\n", type->name);
  return 0;
}
"""


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a command; returns its standard output, or fails the test with all that it said."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def outside(env: dict[str, str] | None = None) -> dict[str, str]:
    """The environment of a user who does not know the source tree."""
    ours = ("PYTHONPATH", "WIRELAW_BUILD")
    return {**{k: v for k, v in os.environ.items() if k not in ours}, **(env or {})}


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> Path:
    """A prefix into which the C side was installed."""
    build, prefix = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("prefix")
    run("cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DWIRELAW_TESTS=OFF",
        "-DWIRELAW_BINDING=OFF", "-DCMAKE_INSTALL_LIBDIR=lib", f"-DCMAKE_INSTALL_PREFIX={prefix}",
        f"-DPython3_EXECUTABLE={sys.executable}")  # fmt: skip
    run("cmake", "--build", build, "-j2")
    run("cmake", "--install", build, "--component", "c")
    return prefix


def test_a_c_user_compiles_by_pkg_config_and_runs(prefix, tmp_path):
    env = outside({"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig"})
    source, program = tmp_path / "user.c", tmp_path / "user"
    source.write_text(C_USER)
    flags = run("pkg-config", "--cflags", "--libs", "wirelaw", env=env).split()
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
    run("gcc", *warnings, source, "-o", program, *flags, env=env)
    assert run(program) == "PINGREQ\n"


def test_the_prefix_may_be_moved(prefix, tmp_path):
    moved = tmp_path / "moved"
    moved.symlink_to(prefix)
    env = outside({"PKG_CONFIG_PATH": f"{moved}/lib/pkgconfig"})
    assert f"{moved}/lib" in run("pkg-config", "--libs", "wirelaw", env=env)


def test_every_installed_header_compiles_alone(prefix, tmp_path):
    include = prefix / "include" / "wirelaw"
    headers = sorted(include.rglob("*.h"))
    assert headers
    for header in headers:
        run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{include}",
            "-include", header, "-x", "c", "/dev/null")  # fmt: skip


def test_manual_page_and_completion_are_installed(prefix):
    assert __version__ in (prefix / "share/man/man1/wirelaw.1").read_text()
    run("bash", "-n", prefix / "share/bash-completion/completions/wirelaw")


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The ``wirelaw`` command of a fresh environment made by ``pip install .``.

    The packages that ours stands on come from the environment that runs the tests, by a path file:
    they are locked, and the test needs no network.
    """
    venv = tmp_path_factory.mktemp("venv")
    run(sys.executable, "-m", "venv", venv, env=outside())
    python = venv / "bin" / "python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(site, "locked.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", ROOT, env=outside())
    return venv / "bin" / "wirelaw"


def test_the_installed_command_runs(installed, tmp_path):
    assert run(installed, "--version", cwd=tmp_path, env=outside()) == f"wirelaw {__version__}\n"


def test_the_installed_command_finds_the_catalogues(installed, tmp_path):
    out = run(installed, "spec", "mqtt5", "MQTT5-3.1.0-2", cwd=tmp_path, env=outside())
    assert "MQTT5-3.1.0-2" in out


def test_the_installed_command_uses_its_own_extension(installed, tmp_path):
    python = installed.parent / "python"
    where = run(python, "-c", "import _wirelaw; print(_wirelaw.__file__)", cwd=tmp_path, env=outside())
    assert Path(where.strip()).is_relative_to(installed.parent.parent)


def test_the_installed_command_tests_the_reference_broker(installed, tmp_path):
    run(installed, "check", "mqtt5", "--section", "3.12", cwd=tmp_path, env=outside())
