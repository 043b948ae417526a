"""How the engine speaks MQTT: defaults of packets, whole flows, greetings and tidying up."""

from wirelaw.engine.mqtt.speech import SPEECH

__all__ = ["SPEECH"]
