"""What a client under test is told to do: a step's fields in the words of the upper-tester
protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirelaw.engine.codec import Codec

#: MQTT's own version numbers (protocol levels).
VERSIONS = {"mqtt31": 3, "mqtt311": 4, "mqtt5": 5}
_PACKETS = {
    "connect": "CONNECT", "publish": "PUBLISH", "subscribe": "SUBSCRIBE",
    "unsubscribe": "UNSUBSCRIBE", "disconnect": "DISCONNECT", "auth": "AUTH",
}  # fmt: skip
_SWITCHES = frozenset(("clean_start", "retain", "no_local", "retain_as_published"))
_RENAMED = {"user_name": "username"}


def stimulus(codec: Codec, do: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The members of the command: fields by name, properties apart, one filter at a time."""
    packet = codec.types[_PACKETS[do]]
    told: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, value in fields.items():
        field = packet.get(name)
        if field is not None and field.list_name is not None:
            if not codec.lacks(packet.name, name):
                properties[name] = _plain(value)
        elif name == "will":
            told["will"] = _will(codec, value)
        elif name == "filters":
            told |= _filter(value[0])
        elif name == "payload" and isinstance(value, bytes):
            told["payload_hex"] = value.hex()
        else:
            told[_RENAMED.get(name, name)] = _named(name, value)
    if properties:
        told["properties"] = properties
    return told


def _filter(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {"filter": value, "qos": 0}
    return {"qos": 0, **{name: _named(name, one) for name, one in value.items()}}


def _will(codec: Codec, value: Mapping[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for name, one in value.items():
        field = codec.types["CONNECT"].groups["will"].get(name)
        if field is not None and field.list_name is not None:
            properties[name] = _plain(one)
        else:
            told[name] = _named(name, one)
    if properties and not codec.lacks("CONNECT", "will_properties"):
        told["properties"] = properties
    return told


def _named(name: str, value: Any) -> Any:
    return bool(value) if name in _SWITCHES else _plain(value)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
