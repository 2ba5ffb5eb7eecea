"""Threads that do one thing at a time, as told."""

import queue
import threading


class Actor:
    """A thread that does one thing at a time, as told."""

    def __init__(self, name=None):
        self._jobs = queue.SimpleQueue()
        self._results = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work, daemon=True, name=name)

    def _work(self):
        while (job := self._jobs.get()) is not None:
            try:
                self._results.put((job(), None))
            except BaseException as error:
                self._results.put((None, error))

    def do(self, job):
        """Do *job* on the thread, and return what it returned or raise what it raised."""
        self._jobs.put(job)
        result, error = self._results.get()
        if error is not None:
            raise error
        return result

    def stop(self):
        self._jobs.put(None)
        self.thread.join()
