"""A server that a test starts itself."""

import socket
import threading


class OwnServer:
    """A server in this process, for one connection, which says *answer* as often as it is sent *mark*."""

    def __init__(self, mark, answer, path=None):
        if path is None:
            self._listener = socket.create_server(("127.0.0.1", 0))
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(path)
            self._listener.listen()
        self.address = self._listener.getsockname()
        self._mark, self._answer = mark, answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        connection, _ = self._listener.accept()
        with connection:
            while data := connection.recv(1024):
                connection.sendall(self._answer * data.count(self._mark))

    def stop(self):
        """Wait until who has connected is gone, and listen no more; return whether that is so."""
        self._thread.join(10)
        self._listener.close()
        return not self._thread.is_alive()
