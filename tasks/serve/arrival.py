"""Which of the bytes that were sent have arrived, as far as the system tells."""

from __future__ import annotations

import select
import socket
import sys


def unacknowledged(sock: socket.socket) -> int:
    """Bytes that were sent and that the other machine has not acknowledged: they wait in a buffer
    of the system's, or are lost if it has hung up. 0 where the system does not tell."""
    try:
        from fcntl import ioctl
        from termios import TIOCOUTQ

        return int.from_bytes(ioctl(sock, TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, OSError):
        return 0


def has_ended(sock: socket.socket, milliseconds: int) -> bool:
    """Whether a connection has ended or does so within this time."""
    poll = select.poll()
    poll.register(sock, 0)  # an end, or an error, is told without being asked for
    return bool(poll.poll(milliseconds))
