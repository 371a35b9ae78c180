from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread

import pytest

from telehealth.errors import Busy
from telehealth.fair_queue import FairQueue

pytestmark = pytest.mark.domain

PATIENCE_S = 10


def wait_until_queued(queue: FairQueue, count: int) -> None:
    """Until so many stand in line: the queue has no event for that, so look again after each short wait."""
    pause = Event()
    for _ in range(2000):
        if len(queue._waiting) == count:
            return
        pause.wait(0.005)
    raise AssertionError(f"never were {count} waiting")


def test_turns_are_taken_in_the_order_of_asking() -> None:
    queue, order = FairQueue(wait_s=PATIENCE_S), list[int]()

    def take(number: int) -> None:
        with queue.turn():
            order.append(number)

    threads = [Thread(target=take, args=(number,)) for number in range(12)]
    with queue.turn():
        for number, thread in enumerate(threads):
            thread.start()
            wait_until_queued(queue, number + 1)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == list(range(12))


def test_two_never_have_the_turn_at_once() -> None:
    queue, inside, most = FairQueue(wait_s=PATIENCE_S), list[int](), list[int]()

    def take(number: int) -> None:
        for _ in range(50):
            with queue.turn():
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))
    assert max(most) == 1
    assert len(most) == 400


def test_whoever_waits_too_long_is_told_that_the_service_is_busy() -> None:
    queue = FairQueue(wait_s=0.05)
    with queue.turn(), ThreadPoolExecutor(1) as pool, pytest.raises(Busy):
        pool.submit(lambda: queue.turn().__enter__()).result(PATIENCE_S)
    with queue.turn():
        assert not queue._waiting


def test_an_error_gives_the_turn_on() -> None:
    queue = FairQueue(wait_s=0.05)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), queue.turn():
            raise ValueError("broken")
    with queue.turn():
        pass
