"""wirelaw: a conformance and fuzz suite for IoT protocols."""

# The one place that says the version: CMake and the packaging read this line.
__version__ = "0.1.0"
