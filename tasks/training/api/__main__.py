"""`python -m tasks.training.api REQUEST.json`: trains or exports as the request says, and tells of
it on standard output, one JSON object a line; see `training.messages`. Without a request it only
finds out whether the API works here."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path

import msgspec

from tasks.training.api import shim

SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


def main() -> int:
    stop: list[int] = []
    for number in (getattr(signal, name) for name in SIGNALS if hasattr(signal, name)):
        signal.signal(number, lambda number, _frame: stop.append(number))
    channel = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes to the log

    def say(kind: str, **values: object) -> None:
        try:
            os.write(channel, json.dumps({"kind": kind, **values}).encode() + b"\n")
        except OSError:  # whoever started this is gone
            stop.append(signal.SIGTERM)

    shim.install()
    if len(sys.argv) == 1:
        from tasks.training.api.check import check

        check()
        return 0
    try:
        from tasks.training.api import training

        asked = msgspec.json.decode(
            Path(sys.argv[1]).read_bytes(), type=training.Request | training.Export
        )
        if isinstance(asked, training.Export):
            training.export(asked)
            reason = "steps"
        else:
            reason = training.train(asked, say, lambda: bool(stop))
            if reason in ("steps", "patience"):
                training.test(asked, say)
    except Exception as error:  # whatever the API raises; the whole story is in the log
        traceback.print_exc()
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        say("fault", why=why)
        return 1
    say("end", reason=reason)
    return 128 + stop[0] if reason == "signal" else int(reason == "nan")


if __name__ == "__main__":
    sys.exit(main())
