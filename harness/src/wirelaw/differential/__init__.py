"""Compares this project's MQTT codec with codecs of other people, packet by packet.

``python -m wirelaw.differential`` feeds all vectors and deterministic mutations of them to each
codec and lists where they disagree with ours, grouped. What the text says about each group stands
in ``harness/differential/settled.toml``; a group that is not there makes the run fail. See
docs/differential.md.
"""
