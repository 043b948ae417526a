"""What the engine knows of MQTT beside the tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wirelaw.engine.connection import Connection
from wirelaw.engine.mqtt import flows, tidy
from wirelaw.engine.mqtt.announced import announcements, narrowed
from wirelaw.engine.mqtt.stimulus import VERSIONS, stimulus
from wirelaw.engine.patterns import Pattern

if TYPE_CHECKING:
    from wirelaw.engine.run import CaseRun

KEEP_ALIVE = 300
_NEED_ID = frozenset(("SUBSCRIBE", "UNSUBSCRIBE"))
_ANSWERS = frozenset(("PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK", "UNSUBACK"))
_REFUSED = {"reason": {"ge": 0x80}}


class Speech:
    """The one object of the family; it has no state."""

    runners = flows.RUNNERS
    #: The capabilities of a server whose descriptor is not known, until it says otherwise.
    assumed_pics = {
        "qos1": True, "qos2": True, "retain": True, "wildcard": True, "shared": True,
        "subscription_ids": True, "topic_alias": True, "persistence": True,
        "zero_length_client_id": True,
    }  # fmt: skip
    #: What may come before a server closes in answer to something wrong: a refusal.
    before_close = (
        Pattern("DISCONNECT", _REFUSED),
        Pattern("CONNACK", {"reason": {"ge": 1}}),
    )
    #: With these a server ends a connection for reasons of its own (5.0 3.14.2.1): implementation
    #: specific error, busy, shutting down, quota exceeded, administrative action.
    own_reasons = (Pattern("DISCONNECT", {"reason": [0x83, 0x89, 0x8B, 0x97, 0x98]}),)
    announcements = staticmethod(announcements)
    narrowed = staticmethod(narrowed)
    serves = staticmethod(tidy.serves)
    tidy_up = staticmethod(tidy.tidy_up)
    say_goodbye = staticmethod(tidy.say_goodbye)

    def defaults(
        self, run: CaseRun, connection: Connection, type_name: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The fields of a packet to send: what the step gives, and the rest so that it is valid."""
        made = getattr(self, f"_{type_name.lower()}", self._plain)(run, connection, given)
        if type_name in _ANSWERS and "packet_id" not in given:
            made["packet_id"] = connection.last_id
        elif type_name in _NEED_ID and "packet_id" not in given:
            made["packet_id"] = connection.fresh_id()
        return made  # type: ignore[no-any-return]

    def _plain(
        self, run: CaseRun, connection: Connection, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        return dict(given)

    def _connect(
        self, run: CaseRun, connection: Connection, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        made = {
            "clean_start": True,
            "keep_alive": KEEP_ALIVE,
            "client_id": f"{run.variables['s']}{connection.name}",
            **given,
        }
        login = run.target.credentials
        if made.pop("credentials", True) and not given.keys() & {"user_name", "password"}:
            if login.username is not None:
                made["user_name"] = login.username
            if login.password is not None:
                made["password"] = login.password
        return made

    def _publish(
        self, run: CaseRun, connection: Connection, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        made = {"topic": run.variables["t"], **given}
        if made.get("qos", 0) and "packet_id" not in made:
            made["packet_id"] = connection.fresh_id()
        return made

    def _subscribe(
        self, run: CaseRun, connection: Connection, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {"filters": [run.variables["t"]], **given}

    _unsubscribe = _subscribe

    def _suback(
        self, run: CaseRun, connection: Connection, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {"reasons": [0], **given}

    _unsuback = _suback

    def sending(
        self, run: CaseRun, connection: Connection, type_name: str, fields: Mapping[str, Any]
    ) -> None:
        """Notes what will have to be tidied up, and that a client may think itself connected."""
        if type_name == "CONNACK":
            run.welcomed = True
        if type_name == "PUBLISH" and fields.get("retain"):
            run.retained.add(fields["topic"])
        elif type_name == "CONNECT":
            will = fields.get("will") or {}
            if will.get("retain"):
                run.retained.add(will.get("topic", ""))
            if not fields["clean_start"] or fields.get("session_expiry_interval"):
                run.sessions.add(fields["client_id"])

    def stimulus(self, run: CaseRun, do: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What an upper tester is told, in the words of docs/iut.md."""
        return stimulus(run.codec, do, self._told(run, do, fields))

    def _told(self, run: CaseRun, do: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        if do == "connect":
            return {
                "client_id": run.variables["s"],
                "clean_start": True,
                "keep_alive": KEEP_ALIVE,
                "version": VERSIONS[run.case.protocol],
                **fields,
            }
        if do == "publish":
            return {"topic": run.variables["t"], "payload": "", "qos": 0, "retain": False, **fields}
        return dict(fields)


SPEECH = Speech()
