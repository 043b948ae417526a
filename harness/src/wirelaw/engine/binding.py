"""The C side: `ffi` and `lib` of the extension module `_wirelaw`."""

from __future__ import annotations

import sys

from wirelaw import paths
from wirelaw.errors import UserError

try:
    import _wirelaw
except ImportError:
    build = paths.build_dir()
    if build is None or not (build / "python").is_dir():
        raise UserError(
            "the Python extension _wirelaw is not built: run ./wirelaw, which builds it, or "
            "install wirelaw with pip"
        ) from None
    sys.path.append(str(build / "python"))
    try:
        import _wirelaw
    except ImportError as error:
        raise UserError(
            f"the Python extension in {build / 'python'} cannot be loaded ({error}): build it "
            "again with this Python"
        ) from None

ffi = _wirelaw.ffi
lib = _wirelaw.lib

STATUS = ("ok", "need_more", "malformed", "protocol_error", "limit")


def text(pointer: object) -> str:
    """A C string of ours as text."""
    return ffi.string(pointer).decode("utf-8", "replace")  # type: ignore[no-any-return]


def requirement(number: int) -> str:
    """The id of a requirement by its number in this build."""
    return text(lib.law_requirement_name(number))


def variants() -> list[str]:
    """The names of all protocols on the command line: mqtt311, mqtt5 ..."""
    names: list[str] = []
    while (name := lib.law_codec_variant(len(names))) != ffi.NULL:
        names.append(text(name))
    return names
