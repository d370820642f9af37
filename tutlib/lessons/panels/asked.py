"""The panel of lesson 5.5: write a caption, get four birds, each word of it ticked or crossed."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tutlib import assets, gan
from tutlib.lessons import birds
from tutlib.panel import Choice, Panel, Slider, Text
from tutlib.plots.asked import four_birds

PICKS = (
    "a small bird with a pink breast and black wings",
    "a large bird with blue wings, a yellow breast and a red crown",
    "a white crown, a black breast, a small bird",
    "a bird with green wings and a red beak",
)
ANY = "(no words: any bird)"
AGAIN = 8  # fours of birds that the slider reaches


def ask_for_a_bird(
    painter: nn.Module, reader: assets.BirdReader, listener: nn.Module, *, seed: int = 0,
    picks: Sequence[str] = PICKS,
) -> Panel:  # fmt: skip
    """Write a caption, or pick one; the painter paints four birds, and the reader reads them.

    Args:
        painter: z (N, z_size) and wishes (N, 31) -> pictures; reader: names what it sees.
        listener: numbers of words -> a wish's logits; seed: of all z.
    """
    device = next(painter.parameters()).device

    def compute(state: dict) -> dict:
        caption = state["own"].strip() or state["pick"]
        try:
            wish, words = birds.hear(listener, caption), birds.asked_words(caption)
        except assets.CaptionError as error:
            return {"caption": caption, "trouble": str(error)}
        rng = torch.Generator().manual_seed(1000 * seed + state["again"])
        z = torch.randn(4, painter.z_size, generator=rng).to(device)
        pictures = gan.sample(painter, z, wish.expand(4, -1))
        with torch.no_grad():
            named = reader.named(pictures).cpu()
        right = torch.stack([
            named[:, birds.PARTS.index(part)] == assets.BIRD_WORDS[part].index(word)
            for part, word in words.items()
        ], 1) if words else torch.zeros(4, 0, dtype=torch.bool)  # fmt: skip
        said = [word if part == "body" else f"{word} {part}" for part, word in words.items()]
        return {"caption": caption, "trouble": "", "pictures": pictures.cpu(), "words": said,
                "right": right}  # fmt: skip

    def draw(result: dict):
        if result["trouble"]:
            return four_birds((), (), torch.zeros(4, 0), result["trouble"])
        return four_birds(result["pictures"], result["words"], result["right"])

    return Panel(
        compute,
        draw,
        [
            Text("own", label="your caption", placeholder="a small bird with a red breast",
                 help="Press Enter. Colours: " + ", ".join(assets.BIRD_WORDS["breast"])),
            Choice("pick", {**{pick: pick for pick in picks}, ANY: ""}, label="or pick",
                   help="counts while the line above is empty"),
            Slider("again", min=1, max=AGAIN, label="again", help="other chance, the same caption"),
        ],
        title="Ask for a bird",
        question="Nobody ever drew the birds that you will see. Of the words in a caption, how "
        "many will each bird obey?",
        answers=("about half", "nearly all", "every one"),
        reveal="Count the ticks below the birds, then write a caption of your own. Leave words "
        "out, misspell one, ask for the impossible.",
        caption="Four birds by the generator for one caption. Green tick: the reader of birds sees "
        "what was asked for. Orange cross: it sees something else.",
        frozen={"pick": [*picks, ""], "again": [1, 2]},
        strip=[{"pick": pick} for pick in picks[:3]],
        alt=_alt,
    )  # fmt: skip


def _alt(state: dict, result: dict) -> str:
    asked = f"Asked for: {result['caption'] or 'any bird'}"
    if result["trouble"]:
        return f"{asked}. Instead of birds: {result['trouble']}"
    marks = [f"{word} seen in {int(hits)} of 4" for word, hits in
             zip(result["words"], result["right"].sum(0))]  # fmt: skip
    return ". ".join(
        [
            asked,
            f"Four generated birds, try {state['again']}",
            *([", ".join(marks)] if marks else []),
        ]
    )
