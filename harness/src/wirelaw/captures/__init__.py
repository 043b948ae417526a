"""Captures: judged, replayed, turned into other things. See docs/pcap.md."""
