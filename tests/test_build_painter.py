"""The painter's recipe: the objective of 6.1, an extractor that never moves, crops from a seed."""

import pytest
import torch

from tests.test_forward import features
from tutlib import style
from tutlib.assets import bundled
from tutlib.assets.build import painter as recipe
from tutlib.style import paintings


@pytest.fixture(scope="module")
def extractor():
    return bundled.extractor()


def test_the_recipe_lowers_the_objective_of_6_1(extractor):
    painting, photos = paintings.paint("waves", 64), features(2, 3, 64, 64)
    made = features(2, 3, 64, 64, seed=1)
    paid = recipe.objective(extractor, painting)(made, photos)
    alone = [
        style.weighed(style.losses(extractor, photo[None], painting), recipe.LAM, 0)(x[None])
        for x, photo in zip(made, photos)
    ]
    calm = recipe.SMOOTH * style.total_variation(made)
    torch.testing.assert_close(paid, sum(alone) / 2 + calm, rtol=1e-3, atol=1e-4)


def test_training_moves_the_painter_and_never_the_extractor(extractor):
    torch.manual_seed(0)
    net = style.Painter(["waves", "mondrian"], widths=(4, 6, 8), blocks=1)
    before = {key: t.clone() for key, t in extractor.state_dict().items()}
    codes = net.codes.detach().clone()
    paid = list(recipe.training(net, extractor, steps=4))
    assert len(paid) == 4
    assert all(torch.tensor(paid) > 0)
    assert (net.codes.detach() != codes).any(1).all()  # both styles have learnt
    assert not any(module.training for module in extractor.modules())
    assert not any(p.requires_grad or p.grad is not None for p in extractor.parameters())
    assert all(torch.equal(t, before[key]) for key, t in extractor.state_dict().items())


def test_crops_come_from_a_seed_and_what_the_lesson_shows_is_not_among_them():
    pool = recipe.contents()
    one, two = (recipe.crops(pool, 4, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, two)
    assert one.shape == (4, 3, recipe.CROP, recipe.CROP)
    assert 0 <= one.min() <= one.max() <= 1
    names = " ".join(path for _, path in recipe.SAMPLES)
    assert not any(held in names for held in ("china", "chelsea", "astronaut"))
    assert len(pool) == recipe.WORLD + len(recipe.SAMPLES) - len(recipe.PLAIN)
