"""The painter's recipe: the objective of 6.1, an extractor that never moves, crops from a seed."""

import pytest
import torch

from tests.test_forward import features
from tutlib import style
from tutlib.assets import bundled
from tutlib.assets.build import invented, muon
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


def test_training_moves_the_painter_and_never_the_extractor(extractor, monkeypatch):
    monkeypatch.setattr(bundled, "extractor", lambda: extractor)
    before = {key: t.clone() for key, t in extractor.state_dict().items()}
    net = recipe.train_painter(first_steps=2, code_steps=1, joint_steps=4)
    assert net.styles == tuple(paintings.STYLES)
    assert len({tuple(code.tolist()) for code in net.codes.detach()}) == 4  # each has its own
    assert not extractor.training
    assert all(p.grad is None and not p.requires_grad for p in extractor.parameters())
    after = extractor.state_dict()
    assert all(torch.equal(t, after[key]) for key, t in before.items())


def test_a_code_is_learnt_while_the_body_holds_still(extractor):
    torch.manual_seed(0)
    body = style.Painter(["waves"]).requires_grad_(False)
    before = {key: t.clone() for key, t in body.state_dict().items()}
    pool, dice = recipe.contents(), torch.Generator().manual_seed(0)
    goal = recipe.objective(extractor, paintings.paint("mondrian", 64))
    code = recipe.train_code(body, goal, dice, pool, steps=3)
    assert (code != body.codes).any()
    assert all(torch.equal(t, body.state_dict()[key]) for key, t in before.items())


def test_crops_are_lively_and_the_seeds_own():
    pool = recipe.contents()
    one, again = (recipe.crops(pool, 4, torch.Generator().manual_seed(3), 64) for _ in range(2))
    assert torch.equal(one, again)
    assert one.shape == (4, 3, 64, 64)
    assert 0 <= one.min() < one.max() <= 1
    assert one.mean(1).flatten(1).std(1).min() > recipe.LIVELY / 2


@pytest.mark.parametrize("seed", range(12))
def test_invented_paintings_are_pictures_and_no_two_are_alike(seed):
    one = invented.invent(seed, 48)
    assert one.shape == (1, 3, 48, 48)
    assert one.dtype == torch.float32
    assert 0 <= one.min() <= one.max() <= 1
    assert torch.equal(one, invented.invent(seed, 48))
    assert not torch.equal(one, invented.invent(seed + 1, 48))


@pytest.mark.parametrize("shape", [(5, 20), (20, 5), (8, 8)])
def test_a_rounded_matrix_has_singular_values_near_1_and_the_same_axes(shape):
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    made = muon.rounded(matrix)
    assert torch.linalg.svdvals(made).sub(1).abs().max() < 0.5
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    turned = u.T @ made @ v.T
    assert (turned - turned.diagonal().diag()).abs().max() < 0.1


def test_muon_finds_the_bottom_of_a_bowl():
    torch.manual_seed(0)
    goal, x = torch.randn(4, 6), torch.nn.Parameter(torch.zeros(4, 6))
    rule = muon.Muon([x], lr=0.05)
    for step in range(200):
        rule.param_groups[0]["lr"] = 0.05 * (1 - step / 200)
        rule.zero_grad()
        (x - goal).square().sum().backward()
        rule.step()
    assert (x - goal).abs().max() < 0.1
