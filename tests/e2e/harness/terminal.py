# SPDX-License-Identifier: Apache-2.0
"""A command on a terminal of its own."""

import os
import pty
import re
import select
import signal
import termios
import time

from . import settings
from .deadline import until
from .process import clean_environment

# What the line editor says around each line, whatever the prompt looks like: pastes are marked from here, to here.
READING, TAKEN = "\x1b[?2004h", "\x1b[?2004l"
UP, DOWN, LEFT, RIGHT, HOME, END = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C", "\x01", "\x05"
CTRL_C, CTRL_D, CTRL_R, BACKSPACE, ENTER = "\x03", "\x04", "\x12", "\x7f", "\r"


def paste(text):
    """As a terminal wraps a paste; line breaks come as Enter does."""
    return "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"


class Terminal:
    def __init__(self, *arguments, home):
        self.child, self.fd = pty.fork()
        if self.child == 0:
            os.execve(
                settings.BINARY,
                [settings.BINARY, *map(str, arguments)],
                clean_environment(HOME=str(home), TERM="xterm", NO_COLOR="1"),
            )
        self._unread = ""
        self._code = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._code is None:
            os.kill(self.child, signal.SIGKILL)
            os.waitpid(self.child, 0)
        os.close(self.fd)

    def expect(self, pattern, seconds=60):
        """Reads until the pattern has come and answers what came up to its end. What follows is for the next call."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self._unread)):
            assert time.monotonic() < end, f"no {pattern!r} in {self._unread!r}"
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self._unread += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"it ended without {pattern!r}: {self._unread!r}") from None
        seen, self._unread = self._unread[: match.end()], self._unread[match.end() :]
        return seen

    def ready(self, prompt=">>> "):
        """Waits until a line can be typed; answers what was shown before."""
        shown = self.expect(re.escape(READING))
        self.expect(re.escape(prompt))
        # The editor takes single keys only from here on; before, the system would still see to Ctrl-C and Backspace.
        until(lambda: not termios.tcgetattr(self.fd)[3] & termios.ICANON, "the editor has the keyboard")
        return shown.removesuffix(READING)

    def type(self, text):
        os.write(self.fd, text.encode())

    def enter(self, text):
        """Types a line and waits until it has been taken."""
        self.type(text + ENTER)
        self.expect(re.escape(TAKEN))

    def ask(self, text):
        """Enters a line; answers what was shown until the next one can be typed."""
        self.enter(text)
        return self.ready()

    def end(self):
        """The exit code, once it has ended by itself."""
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass
        self._code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        return self._code
