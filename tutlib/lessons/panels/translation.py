"""Panel of 5.6: drag a horse; its outline becomes a picture, that a zebra, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tutlib import assets
from tutlib.panel import Choice, Pad, Panel, Slider
from tutlib.plots.translation import side_by_side

STILL = {"elevation": 0.15, "distance": 1.0, "nod": 0.05, "fat": 1.0, "light": 0.3, "warmth": 0.0,
         "shift": 3.0, "coat": "horse", "ground": "grass"}  # fmt: skip
TITLES = ("the outline", "painted", "repainted", "and back")
TURN, HEAD = (0.75, 1.85), (-0.45, 0.45)


def drag_a_horse(painter: nn.Module, there: nn.Module, back: nn.Module, *, seed: int = 0) -> Panel:
    """Turn a horse and its head by hand, and watch it go through three nets.

    Args:
        painter: outline to horse; there, back: horse to zebra and zebra to horse. For 64 pixels.
        seed: of the noise that is put on the zebra.
    """
    device = next(painter.parameters()).device
    noise = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(seed)).to(device)

    @torch.no_grad()
    def compute(state: dict) -> list[Tensor]:
        turn, head = state["pose"]
        sheet = assets.herd(1, seed, turn=turn, head=head, side=state["looks"],
                            stride=state["stride"], **STILL)  # fmt: skip
        lines = sheet.outlines[:, None].float().to(device)
        horse = painter(lines)
        zebra = there(horse)
        again = back((zebra + state["noise"] / 255 * noise).clamp(0, 1))
        return [1 - lines, horse, zebra, again]

    def draw(pictures: list[Tensor]):
        return side_by_side(pictures, TITLES, ("ink", *3 * ("generated",)), size=1.7)

    def alt(state: dict, pictures: list[Tensor]) -> str:
        turn, head = state["pose"]
        return (
            f"A horse that looks {state['looks']}, turn {turn:.2f}, head {head:.2f}, stride "
            f"{state['stride']:g}, noise {state['noise']:g}: outline, painted, zebra, and back"
        )

    return Panel(
        compute,
        draw,
        [Pad("pose", x=TURN, y=HEAD, value=(1.3, 0.0), names=("turn", "head"),
             help="to the side: the whole horse; up and down: its head"),
         Choice("looks", ["left", "right"]),
         Slider("stride", stops=[-0.16, -0.08, 0.0, 0.08, 0.16], value=0.0),
         Slider("noise", stops=[0, 4, 8, 16, 32, 64], format="{}/255",
                help="put on the zebra before it travels back")],
        title="From a line to a zebra, and back",
        question="Turn the horse towards you as far as it goes. Which picture will suffer most?",
        answers=("the painted horse", "the zebra", "the horse that comes back"),
        reveal="Drag the point to the left edge and look at the legs: there the lines of the "
        "outline lie closest together. Then shake the zebra, and watch the coat that comes back.",
        caption="Four pictures in a row: what goes in, and what each of three nets makes of the "
        "picture to its left.",
        frozen={"looks": ["left", "right"]},
        strip=[{"looks": "left"}],
        alt=alt,
    )  # fmt: skip
