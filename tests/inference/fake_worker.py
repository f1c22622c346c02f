"""A worker without TensorFlow: does what the name of the network says. Used by test_child.py."""

from __future__ import annotations

import os
import signal
import sys
import time

import msgspec
from msgspec.structs import replace

from tasks.inference.channel import Message, PartialResult, PhaseStarted, Ready, Reply, Request

TOKENS = [""]
"""The tokens of the requests until now."""


def say(message: Message) -> None:
    if not message.token:
        message = replace(message, token=TOKENS[-1])
    sys.stdout.buffer.write(msgspec.json.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def obey(request: Request) -> None:  # noqa: C901 - a list
    match request.network.partition("-")[0]:
        case "sleep":
            time.sleep(600)
        case "signal":
            os.kill(os.getpid(), int(request.network.partition("-")[2]))
        case "exit":
            said = "Traceback\nMemoryError: too much\n\nWARNING: All log messages before absl"
            print(said, file=sys.stderr)
            os._exit(3)
        case "parts":
            for number in range(5):
                time.sleep(0.25)
                say(PartialResult(msgspec.Raw(b"%d" % number)))
            say(Reply(body=msgspec.Raw(b'{"process": 0, "padding": ""}')))
        case "large":
            body = msgspec.Raw(b'{"process": %d, "padding": ""}' % os.getpid())
            say(Reply(body=body, left=600_000_000))
        case "fault":
            say(Reply(why="it has no signature", todo="export it again"))
        case "flood":
            for _ in range(20):
                sys.stderr.write("x" * 999_999 + "\n")
            print("the end of it", file=sys.stderr)
            say(Reply(body=msgspec.Raw(b'{"process": 0, "padding": ""}')))
        case "garbage":
            sys.stdout.buffer.write(b"\x00\xff what is this\n")
            sys.stdout.buffer.flush()
            time.sleep(600)
        case "unasked":
            body = msgspec.Raw(b'{"process": %d, "padding": ""}' % os.getpid())
            say(Reply(body=body))
            say(Reply(why="forged for the next network"))
        case "forged":
            say(Reply(why="forged by another network", token="0" * 32))
        case "renewed":
            while True:
                say(PartialResult(msgspec.Raw(b"null")))
                time.sleep(0.02)
        case "other":
            say(Reply(body=msgspec.Raw(b'{"process": "no number"}')))
        case "half":
            sys.stdout.buffer.write(b'{"type": "Ans')
            sys.stdout.buffer.flush()
            os._exit(0)
        case _:
            say(PhaseStarted("load"))
            say(
                Reply(
                    body=msgspec.Raw(
                        msgspec.json.encode({"process": os.getpid(), "padding": "x" * 4_000_000})
                    )
                )
            )


def main(start: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if start == "die":
        print("libtensorflow: cannot open shared object", file=sys.stderr)
        os._exit(1)
    say(Ready(fault="ImportError: no module" if start == "broken" else ""))
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        TOKENS.append(request.token)
        obey(request)


main(sys.argv[1] if len(sys.argv) > 1 else "")
