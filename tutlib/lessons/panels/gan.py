"""Panel of lesson 5.1: play, pause and step the game on the ring."""

from __future__ import annotations

from collections.abc import Iterator

from tutlib.gan.ring import RECIPES, Board, boards
from tutlib.panel import Choice, Panel, Slider
from tutlib.plots.gan import board_figure

ROUNDS, EVERY = 1200, 25
FROZEN_ROUNDS = (0, 25, 50, 100, 150, 200, 300, 400, 550, 700, 800, 900)


class Tape:
    """A game that is recorded as it is played: ask for a round, and it plays on to there."""

    def __init__(self, recipe: str, seed: int, rounds: int, every: int):
        self._boards, self._seen = boards(recipe, rounds=rounds, every=every, seed=seed), []

    def known(self, place: int) -> bool:
        return place < len(self._seen)

    def at(self, place: int) -> Board:
        while not self.known(place):
            self._seen.append(next(self._boards))
        return self._seen[place]


def ring_game(*, seed: int = 0, rounds: int = ROUNDS, every: int = EVERY) -> Panel:
    """The two players on the ring: the round plays, pauses, steps, and goes back to the start.

    Args:
        seed: of the nets and of all chance; rounds: the last one; every: rounds in a step.
    """
    tapes = {name: Tape(name, seed, rounds, every) for name in RECIPES}

    def compute(state: dict) -> Iterator[tuple[float, Board]]:
        tape, goal = tapes[state["recipe"]], state["round"] // every
        for place in range(goal):
            if not tape.known(place):
                yield place / (goal + 1), tape.at(place)
        return tape.at(goal)

    controls = [
        Slider(
            "round",
            stops=list(range(0, rounds + 1, every)),
            value=0,
            help=f"each step is {every} rounds; the arrow keys step, too",
            play=True,
        ),
        Choice("recipe", list(RECIPES), help="how the two players learn"),
    ]
    shown = [n for n in FROZEN_ROUNDS if n <= rounds and n % every == 0]
    return Panel(
        compute,
        board_figure,
        controls,
        title="The two-player game",
        question="The slow expert made the ReLU forger collapse. What will it do to the first "
        "forger, the one with tanh?",
        answers=("one heap on the run, again", "all modes are found, only later", "half of them"),
        reveal="Choose the slow expert and press Play: nearly all modes are found, only later. "
        "So neither the slow expert nor ReLU alone breaks the game; the two together do.",
        caption="The greener, the surer D is that a point there is real. Dots: generated points. "
        "Circles: the eight modes, numbered. Arrows: where each dot would have to go to fool D "
        "(lengths compare within one picture).",
        frozen=[{"recipe": r, "round": n} for r in ("recommended", "slow expert") for n in shown],
        strip=[{"round": n} for n in (0, 150, 300, 900) if n in shown] or None,
        alt=_alt,
    )


def _alt(state: dict, board: Board) -> str:
    found, good = board.modes.found, round(100 * board.modes.good)
    return (
        f"{state['recipe']} recipe after {board.t} rounds: {found} of 8 modes found, "
        f"{good} % of the dots on a mode"
    )
