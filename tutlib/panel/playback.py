"""A slider that plays: it runs by itself from stop to stop, and shows every one of them.

A reader's hand on any control pauses it; so does an error, and so does Stop.
"""

import asyncio
import time

PACE = 0.35  # seconds from one stop to the next, at least
EAR = 0.06  # and so many of them it listens, or a slow machine would never hear "pause"


class Playback:
    """What the buttons beside a slider do (`Slider(..., play=True)`)."""

    def __init__(self, panel, control):
        self.panel, self.control = panel, control
        self.running = False
        self.tell = lambda running: None  # whoever shows the buttons puts a function here

    @property
    def place(self):
        """Which stop the slider is on, counted from 0."""
        return self.control.stops.index(self.panel.state[self.control.name])

    @property
    def last(self):
        return len(self.control.stops) - 1

    def play(self):
        """Run from here to the end; from the end, once more from the beginning.

        Without an event loop (outside a notebook) this waits until the end is reached.
        """
        if self.place == self.last:
            self._put(0)
        self._now(True)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            while self.running and self.place < self.last:
                self._put(self.place + 1)
                self.panel.update(drain=True)
            self.pause()
        else:
            self._task = loop.create_task(self._run())

    async def _run(self):
        try:
            while self.running and self.place < self.last:
                begun = time.monotonic()
                self._put(self.place + 1)
                self.panel.update()
                while self.running and self.panel.busy:
                    await asyncio.sleep(0.01)
                rest = max(begun + PACE, time.monotonic() + EAR)
                while self.running and time.monotonic() < rest:
                    await asyncio.sleep(0.01)
        finally:
            self.pause()

    def pause(self):
        """Stay here; the stop in hand is still worked out."""
        if self.running:
            self._now(False)

    def step(self):
        """One stop on."""
        self.pause()
        self._put(min(self.place + 1, self.last))
        self.panel.update()

    def reset(self):
        """Back to where the slider started."""
        self.pause()
        self._put(self.control.stops.index(self.control.value))
        self.panel.update()

    def _now(self, running):
        self.running = running
        self.tell(running)

    def _put(self, place):
        name, value = self.control.name, self.control.stops[place]
        self.panel.state = self.panel.state | {name: value}
        self.panel.live.place(self.panel.state)
