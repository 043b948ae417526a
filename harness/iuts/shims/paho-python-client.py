"""Upper tester for Eclipse Paho for Python: JSON lines on standard input and output, see docs/iut.md."""
import json, sys, threading
from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

lock, client, waiting = threading.RLock(), None, {}  # waiting: what a packet identifier was for
def say(event, **more):
    with lock:
        print(json.dumps({"event": event, **more}), flush=True)
def finished(number):
    with lock:
        say("done", do=waiting.pop(number, "?"))
def payload(c):
    return bytes.fromhex(c["payload_hex"]) if "payload_hex" in c else c.get("payload", "")
def properties(kind, c):
    found = Properties(getattr(PacketTypes, kind))
    for name, value in c.get("properties", {}).items():
        setattr(found, name.title().replace("_", ""), [tuple(p) for p in value] if name == "user_property" else value)
    return {"properties": found} if client._protocol == paho.MQTTv5 and not found.isEmpty() else {}
def connect(c):
    global client
    fresh = {"clean_session": c.get("clean_start", True)} if c.get("version", 5) == 4 else {}
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, c.get("client_id", ""), protocol=c.get("version", 5), **fresh, reconnect_on_failure=False)
    client.on_connect = lambda _c, _u, flags, code, _p: say("connected", session_present=flags.session_present, reason_code=code.value)
    client.on_disconnect = lambda _c, _u, _f, code, _p: say("closed", detail=str(code))
    client.on_message = lambda _c, _u, m: say("message", topic=m.topic, payload_hex=m.payload.hex(), qos=m.qos, retain=m.retain)
    client.on_publish = client.on_subscribe = client.on_unsubscribe = lambda _c, _u, number, *_: finished(number)
    if "username" in c: client.username_pw_set(c["username"], c.get("password"))
    if will := c.get("will"): client.will_set(will["topic"], payload(will), will.get("qos", 0), will.get("retain", False), **properties("WILLMESSAGE", will))
    fresh = {"clean_start": c.get("clean_start", True)} if c.get("version", 5) == 5 else {}
    client.connect_async(c["host"], c["port"], c.get("keep_alive", 60), **fresh, **properties("CONNECT", c))
    client.loop_start()
    say("done", do="connect")
def publish(c): waiting[client.publish(c["topic"], payload(c), c.get("qos", 0), c.get("retain", False), **properties("PUBLISH", c)).mid] = "publish"
def subscribe(c): waiting[client.subscribe(c["filter"], c.get("qos", 0), **properties("SUBSCRIBE", c))[1]] = "subscribe"
def unsubscribe(c): waiting[client.unsubscribe(c["filter"], **properties("UNSUBSCRIBE", c))[1]] = "unsubscribe"
def disconnect(c): client.disconnect(); say("done", do="disconnect")
for line in sys.stdin:
    command = json.loads(line)
    with lock:  # an answer may come before the call gives its number
        try: globals()[command["do"]](command)
        except Exception as error: say("error", do=command["do"], detail=str(error))
