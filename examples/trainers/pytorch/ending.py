"""Ends at once when it is told to, or when whoever started it is gone: also while it waits for other processes."""

import os
import signal
import threading
import time

from files import discard_parts

LOOK_SECONDS = 0.2


def end_when_told():
    """
    A handler of Python's would run only when the main thread is back from what it waits for, which may be a process that has ended. And launchers
    give each process a session of its own, so that it outlives the launcher when that is killed.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where processes are ended from outside
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    parent = os.getppid() if "COLDMESH_WORK" in os.environ else None

    def watch():
        while signal.SIGTERM not in signal.sigpending() and parent in (None, os.getppid()):
            time.sleep(LOOK_SECONDS)
        discard_parts()
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
