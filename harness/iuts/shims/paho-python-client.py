"""Upper tester for Eclipse Paho for Python: JSON lines in and out, see docs/iut.md."""

import json
import sys
import threading

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions


class Tester:
    def __init__(self):
        self.lock = threading.RLock()  # an answer may come before the call gives its number
        self.waiting = {}  # what a packet identifier was for

    def say(self, event, **more):
        with self.lock:
            print(json.dumps({"event": event, **more}), flush=True)

    def finished(self, number):
        with self.lock:
            self.say("done", do=self.waiting.pop(number, "?"))

    def connect(self, c):
        version, clean = c.get("version", 5), c.get("clean_start", True)
        self.v5 = version == 5
        session = {} if self.v5 else {"clean_session": clean}
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, c.get("client_id", ""), protocol=version,
            reconnect_on_failure=False, **session,
        )  # fmt: skip
        self.listen()
        if "username" in c:
            self.client.username_pw_set(c["username"], c.get("password"))
        if will := c.get("will"):
            more = self.properties("WILLMESSAGE", will)
            qos, retain = will.get("qos", 0), will.get("retain", False)
            self.client.will_set(will["topic"], payload(will), qos, retain, **more)
        more = {"clean_start": clean, **self.properties("CONNECT", c)} if self.v5 else {}
        self.client.connect_async(c["host"], c["port"], c.get("keep_alive", 60), **more)
        self.client.loop_start()
        self.say("done", do="connect")

    def listen(self):
        self.client.on_connect = lambda _c, _u, flags, code, _p: self.say(
            "connected", session_present=flags.session_present, reason_code=code.value
        )
        self.client.on_disconnect = lambda _c, _u, _f, code, _p: self.say(
            "closed", detail=str(code)
        )
        self.client.on_message = lambda _c, _u, m: self.say(
            "message", topic=m.topic, payload_hex=m.payload.hex(), qos=m.qos, retain=m.retain
        )
        done = lambda _c, _u, number, *_: self.finished(number)  # noqa: E731
        self.client.on_publish = self.client.on_subscribe = self.client.on_unsubscribe = done

    def publish(self, c):
        more = self.properties("PUBLISH", c)
        qos, retain = c.get("qos", 0), c.get("retain", False)
        sent = self.client.publish(c["topic"], payload(c), qos, retain, **more)
        self.waiting[sent.mid] = "publish"

    def subscribe(self, c):
        qos = c.get("qos", 0)
        flags = [bool(c.get("no_local")), bool(c.get("retain_as_published"))]
        options = SubscribeOptions(qos, *flags, c.get("retain_handling", 0))
        how = {"options": options} if self.v5 else {"qos": qos}
        _, number = self.client.subscribe(c["filter"], **how, **self.properties("SUBSCRIBE", c))
        self.waiting[number] = "subscribe"

    def unsubscribe(self, c):
        _, number = self.client.unsubscribe(c["filter"], **self.properties("UNSUBSCRIBE", c))
        self.waiting[number] = "unsubscribe"

    def disconnect(self, c):
        self.client.disconnect(**self.properties("DISCONNECT", c))
        self.say("done", do="disconnect")

    def properties(self, packet, c):
        if not self.v5 or not c.get("properties"):
            return {}
        found = Properties(getattr(PacketTypes, packet))
        for name, value in c["properties"].items():
            if name == "user_property":
                value = [tuple(pair) for pair in value]
            elif name.endswith("_data"):
                value = value.encode()
            setattr(found, name.title().replace("_", ""), value)
        return {"properties": found}


def payload(c):
    return bytes.fromhex(c["payload_hex"]) if "payload_hex" in c else c.get("payload", "")


def main():
    tester = Tester()
    for line in sys.stdin:
        command = json.loads(line)
        with tester.lock:
            try:
                getattr(tester, command["do"])(command)
            except Exception as error:
                tester.say("error", do=command["do"], detail=str(error))


main()
