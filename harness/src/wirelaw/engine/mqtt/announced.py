"""What a server announces in its CONNACK (5.0 section 3.2.2.3), and what that makes of its
capabilities.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ANNOUNCED = (
    "maximum_qos", "retain_available", "wildcard_subscription_available",
    "subscription_identifier_available", "shared_subscription_available", "topic_alias_maximum",
)  # fmt: skip
_SWITCHES = {
    "retain_available": "retain",
    "wildcard_subscription_available": "wildcard",
    "subscription_identifier_available": "subscription_ids",
    "shared_subscription_available": "shared",
}


def announcements(connack: Mapping[str, Any]) -> tuple[Any, ...]:
    """What counts of a CONNACK, comparable: the same server mostly says the same each time."""
    return tuple(connack.get(name) for name in _ANNOUNCED)


def narrowed(
    pics: Mapping[str, bool], connack: Mapping[str, Any], lacks_properties: bool
) -> dict[str, bool]:
    """The capabilities without those that the server says it does not have."""
    made = dict(pics)
    if lacks_properties:
        return made
    highest = connack.get("maximum_qos", 2)
    made["qos1"] = made.get("qos1", False) and highest >= 1
    made["qos2"] = made.get("qos2", False) and highest >= 2
    for name, capability in _SWITCHES.items():
        if connack.get(name, 1) == 0:
            made[capability] = False
    if not connack.get("topic_alias_maximum", 0):
        made["topic_alias"] = False
    return made
