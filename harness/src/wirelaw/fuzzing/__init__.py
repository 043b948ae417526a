"""Fuzzing: campaigns in process, on codecs. ``wirelaw fuzz`` is the command line of it.

``targets`` what there is; ``build`` compiles it; ``libfuzzer`` and ``afl`` run the engines;
``campaign`` watches them; ``triage`` makes findings of crashes; ``corpus`` keeps the tracked
inputs; ``coverage`` measures what they reach. Modules ``cmd_<name>`` are the subcommands.
"""
