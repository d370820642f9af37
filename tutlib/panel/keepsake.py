"""What a live panel leaves behind in a saved notebook: its frozen page, in an output of its own.

Widgets live as long as their kernel: a notebook that is saved and opened again says "model not
found" in their place. So a panel that is shown in a notebook shows two outputs. First its frozen
page, which hides itself while the second, the widgets, is alive. The page begins with the one
picture that is there; the others are computed while nobody waits for anything, and a copy that is
saved after that moves.
"""

import asyncio
import time
import uuid

import torch

from tutlib.panel.controls import start
from tutlib.panel.task import Task

QUIET = 2.0  # seconds without a running cell or a moved control before anything is computed here
SLICE = 0.05  # seconds of it in one go
BUDGET = 30.0  # seconds of CPU for one panel's page; what is not there by then is left out


class Keepsake:
    """The stored output of one panel: `show` puts it there, `fill` makes it whole."""

    _one_at_a_time = asyncio.Lock()

    def __init__(self, panel):
        self.panel = panel
        self.name = f"tutlib-panel-{uuid.uuid4().hex[:12]}"
        self.spent = 0.0

    def show(self, shell):
        """Put the page with one picture into the notebook; the others follow when there is time."""
        from IPython.display import display

        self.panel.live.box.add_class(self.name)
        known = self.panel.known(start(self.panel.controls))
        self._handle = display(self._page([known[1]] if known else []), raw=True, display_id=True)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # no event loop, no idle time: the one picture stays
        self._shell, self._last_cell = shell, time.monotonic()
        shell.events.register("post_run_cell", self._cell_ran)
        self._filling = loop.create_task(self.fill())

    def _page(self, frames):
        if not frames:
            return {"text/html": "<div></div>", "text/plain": self.panel.title}
        image, alt = (frames[0].image, frames[0].alt)
        if all(map(self.panel.known, self.panel.strip_states)):
            image, alt = self.panel.strip_image()
        return {"text/html": self.panel.page(frames, image, alt, self.name), "text/plain": alt}

    def _cell_ran(self, *_):
        self._last_cell = time.monotonic()

    async def fill(self):
        """Compute the frozen states, in slices, whenever it has been quiet for a while."""
        panel = self.panel
        try:
            async with self._one_at_a_time:
                for state in [*panel.frozen_states, *panel.strip_states]:
                    await self._computed(state)
                await self._quiet()
                found = [known for state in panel.frozen_states if (known := panel.known(state))]
                self._handle.update(self._page([frame for _, frame in found]), raw=True)
        except Exception as error:
            panel.fail(error)
        finally:
            self._shell.events.unregister("post_run_cell", self._cell_ran)

    async def _quiet(self):
        while time.monotonic() < max(self._last_cell, self.panel.touched) + QUIET:
            await asyncio.sleep(0.5)

    async def _computed(self, state):
        """One state into the panel's cache. Chance goes on as if nothing had been drawn."""
        panel, task = self.panel, None
        while panel.known(state) is None and self.spent < BUDGET:
            await self._quiet()
            if panel.busy:
                await asyncio.sleep(0.5)
                continue
            task = task or Task(panel.compute, state)
            begun = time.process_time()
            with torch.random.fork_rng():
                task.run(time.monotonic() + SLICE)
                if task.over:
                    panel.remember(state, task.result, panel.frame(state, task.result))
            self.spent += time.process_time() - begun
            await asyncio.sleep(0.01)
