"""First come, first served: threads take turns in the order in which they asked."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from telehealth.errors import N_, Busy


class FairQueue:
    """A mutual exclusion that starves nobody. Raises Busy for a thread that waited `wait_s`."""

    def __init__(self, *, wait_s: float) -> None:
        self._wait_s = wait_s
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=self._wait_s):
            return
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                raise Busy("busy", N_("The service is busy. Wait a moment, then try again."))
        # The turn was handed over at the very moment of giving up: it is ours.

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
