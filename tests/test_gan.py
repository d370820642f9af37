"""The GAN game: losses against formula and optimum, who learns when, measures, the board."""

import math

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.conftest import chance, unchanged
from tutlib import gan
from tutlib.gan import measures
from tutlib.gan.measures import ring
from tutlib.gan.nets import ALL, Guidelines, dcgan_discriminator, dcgan_generator
from tutlib.gan.ring import RECIPES, board, boards, players
from tutlib.nets import mlp
from tutlib.plots import gan as figures

REAL, FAKE = torch.tensor([2.0, -0.5, 0.1]), torch.tensor([-3.0, 0.7, 1.5])


def dealt(seed=0):
    return torch.Generator().manual_seed(seed)


def state(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


# ---------------------------------------------------------------- losses


def sig(s):
    return 1 / (1 + math.exp(-s))


FORMULAS = {
    "minimax": (
        lambda r, f: -math.log(sig(r)) - math.log(1 - sig(f)),
        lambda f: math.log(1 - sig(f)),
    ),
    "non-saturating": (
        lambda r, f: -math.log(sig(r)) - math.log(1 - sig(f)),
        lambda f: -math.log(sig(f)),
    ),
    "least-squares": (lambda r, f: ((r - 1) ** 2 + f**2) / 2, lambda f: (f - 1) ** 2 / 2),
    "wasserstein": (lambda r, f: f - r, lambda f: -f),
    "hinge": (lambda r, f: max(0, 1 - r) + max(0, 1 + f), lambda f: -f),
}


@pytest.mark.parametrize("name", gan.LOSSES)
def test_losses_are_their_formulas(name):
    for_d, for_g = FORMULAS[name]
    pairs = list(zip(REAL.tolist(), FAKE.tolist()))
    expected = sum(for_d(r, f) for r, f in pairs) / 3
    assert gan.LOSSES[name].discriminator(REAL, FAKE).item() == pytest.approx(expected, abs=1e-6)
    expected = sum(for_g(f) for _, f in pairs) / 3
    assert gan.LOSSES[name].generator(FAKE).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", gan.LOSSES)
def test_losses_have_the_gradients_of_finite_differences(name):
    real, fake = REAL.double().requires_grad_(), FAKE.double().requires_grad_()
    assert torch.autograd.gradcheck(gan.LOSSES[name].discriminator, (real, fake))
    assert torch.autograd.gradcheck(gan.LOSSES[name].generator, (fake,))


def test_losses_stay_finite_for_a_discriminator_that_is_very_sure():
    for loss in gan.LOSSES.values():
        s = torch.tensor([-1e4, 1e4])
        assert torch.isfinite(loss.discriminator(s, s))
        assert torch.isfinite(loss.generator(s))


# Three places with known densities: the best logits there are known, too.
P, Q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]], dtype=torch.float64)
BEST = {
    "minimax": (P / Q).log(),
    "non-saturating": (P / Q).log(),
    "least-squares": P / (P + Q),
    "hinge": torch.tensor([1.0, math.nan, -1.0]).double(),  # where p = q all of [-1, 1] is best
}


def expected_loss(name, s):
    """Each place on its own, weighted: the loss functions take means over equal batches."""
    d, zero = gan.LOSSES[name].discriminator, torch.zeros(1).double()
    real = torch.stack([d(one[None], zero) for one in s])
    fake = torch.stack([d(zero, one[None]) for one in s])
    return (P * real + Q * fake).sum()


@pytest.mark.parametrize("name", BEST)
def test_the_discriminators_optimum_is_where_theory_says(name):
    known = ~BEST[name].isnan()
    best = BEST[name].nan_to_num(0.0).requires_grad_(True)
    value = expected_loss(name, best)
    if name != "hinge":  # which has its corner there
        (slope,) = torch.autograd.grad(value, best)
        torch.testing.assert_close(slope, torch.zeros_like(slope), atol=1e-12, rtol=0)
    for place in known.nonzero().flatten().tolist():
        for step in (-1.0, -0.01, 0.01, 1.0):
            moved = best.detach().clone()
            moved[place] += step
            assert expected_loss(name, moved) > value, f"place {place}, step {step}"


def test_at_the_optimum_the_value_is_log_4_minus_twice_the_divergence():
    best = gan.optimal_discriminator(P, Q)
    middle = (P + Q) / 2
    divergence = ((P * (P / middle).log()).sum() + (Q * (Q / middle).log()).sum()) / 2
    value = -(P * best.log() + Q * (1 - best).log()).sum()
    assert value.item() == pytest.approx(math.log(4) - 2 * divergence.item(), abs=1e-12)
    assert torch.all(gan.optimal_discriminator(P, P) == 0.5)


def test_the_saturating_slope_is_e_to_the_s_of_the_other():
    s = torch.tensor([-7.0]).double().requires_grad_()
    (flat,) = torch.autograd.grad(gan.minimax_g(s), s)
    (steep,) = torch.autograd.grad(gan.non_saturating_g(s), s)
    assert (flat / steep).item() == pytest.approx(math.exp(-7), rel=1e-9)


def test_gradient_penalty_of_a_linear_critic_is_known():
    x, fake = torch.randn(16, 2), torch.randn(16, 2)
    w = torch.tensor([3.0, 4.0])
    penalty = gan.gradient_penalty(lambda x: x @ w, x, fake, rng=dealt())
    assert penalty.item() == pytest.approx((5 - 1) ** 2, rel=1e-5)
    assert gan.gradient_penalty(lambda x: x @ (w / 5), x, fake).item() < 1e-9
    flat = torch.zeros(2, requires_grad=True)
    (slope,) = torch.autograd.grad(gan.gradient_penalty(lambda x: x @ flat, x, fake), flat)
    assert torch.isfinite(slope).all()


def test_gradient_penalty_has_the_gradient_of_finite_differences():
    x, fake, w = (torch.randn(n, generator=dealt(i)).double() for i, n in enumerate((6, 6, 3)))
    x, fake = x.view(2, 3), fake.view(2, 3)

    def penalty(w):
        critic = lambda x: (x * w).sin().sum(1)  # noqa: E731
        return gan.gradient_penalty(critic, x, fake, rng=dealt())

    assert torch.autograd.gradcheck(penalty, (w.requires_grad_(),))


# ---------------------------------------------------------------- the game


def small_game(**options):
    torch.manual_seed(0)
    generator, discriminator = mlp(4, 16, 2), mlp(2, 16, 1)
    told = {"z_size": 4, "rounds": 5, "batch": 32, "lr": 1e-2, "rng": dealt()} | options
    return list(gan.play(generator, discriminator, ring, **told))


def pictures_game(rounds=1, **options):
    torch.manual_seed(0)
    generator = dcgan_generator(8, z_size=4, width=4, classes=3)
    discriminator = dcgan_discriminator(8, width=6, classes=3)
    x, y = torch.rand(20, 1, 8, 8), torch.arange(20) % 3
    told = {"z_size": 4, "rounds": rounds, "batch": 8, "rng": dealt()} | options
    return generator, discriminator, gan.play(generator, discriminator, gan.deal_from(x, y), **told)


def test_the_same_seed_gives_the_same_samples():
    a, b, c = (small_game(rng=dealt(seed))[-1].generator for seed in (0, 0, 1))
    z = torch.randn(10, 4)
    assert torch.equal(a(z), b(z))
    assert not torch.equal(a(z), c(z))


def test_torchs_own_random_state_is_left_alone_where_a_generator_is_given():
    pair = mlp_pair()
    before = torch.get_rng_state()
    list(gan.play(*pair, ring, z_size=4, rounds=2, rng=dealt(), penalty=1.0))
    assert torch.equal(torch.get_rng_state(), before)


def test_chance_may_come_from_any_device(each_device):
    def rng():
        return torch.Generator(each_device).manual_seed(0)

    pair, points = mlp_pair(), ring(50, rng())
    for real in (ring, gan.deal_from(points.cpu())):
        list(gan.play(*pair, real, z_size=4, rounds=2, rng=rng(), penalty=1.0))
    assert torch.equal(ring(50, rng()), points)


def mlp_pair():
    return mlp(4, 8, 2), mlp(2, 8, 1)


def test_both_players_move_and_k_steps_are_k_steps():
    calls = []

    def real(n, rng):
        calls.append(n)
        return ring(n, rng)

    pair = mlp_pair()
    before = [state(net) for net in pair]
    list(gan.play(*pair, real, z_size=4, rounds=3, batch=10, d_steps=4))
    assert calls == [10] * 12
    assert not any(same(was, state(net)) for was, net in zip(before, pair))


class WeightGradients(TorchDispatchMode):
    """Writes down for which convolutions' weights a gradient is really computed."""

    def __init__(self):
        super().__init__()
        self.wanted = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution_backward.default:
            self.wanted.append((tuple(args[2].shape), args[10][1]))
        return func(*args, **(kwargs or {}))


def test_in_the_generators_move_no_gradient_of_the_discriminators_weights_is_computed():
    generator, discriminator, game = pictures_game(reuse_fakes=True)
    with WeightGradients() as seen:
        next(game)
    convolutions = (nn.Conv2d, nn.ConvTranspose2d)
    of_d, of_g = (
        {tuple(m.weight.shape) for m in net.modules() if isinstance(m, convolutions)}
        for net in (discriminator, generator)
    )
    assert not of_d & of_g, "the test tells the nets apart by their shapes"
    # Twice (real, generated) with a weight gradient in D's own move, once without in G's.
    for shape in of_d:
        asked = [wanted for other, wanted in seen.wanted if other == shape]
        assert sorted(asked) == [False, True, True]
    assert all(wanted for shape, wanted in seen.wanted if shape in of_g)
    assert all(weight.grad is None for weight in discriminator.parameters())


def test_the_generators_move_leaves_the_discriminator_as_it_was():
    """Weights and BatchNorm's statistics are those of a game in which D's moves alone happened."""
    _, discriminator, game = pictures_game()
    next(game)
    after_round = state(discriminator)

    torch.manual_seed(0)
    generator = dcgan_generator(8, z_size=4, width=4, classes=3)
    alone = dcgan_discriminator(8, width=6, classes=3)
    x, y = torch.rand(20, 1, 8, 8), torch.arange(20) % 3
    rng = dealt()
    rows = torch.randint(20, (8,), generator=rng)
    fake = generator(torch.randn(8, 4, generator=rng), y[rows]).detach()
    loss = gan.cross_entropy_d(alone(x[rows], y[rows]), alone(fake, y[rows]))
    loss.backward()
    torch.optim.Adam(alone.parameters(), 5e-4, (0.5, 0.999), fused=True).step()
    for name, value in alone.state_dict().items():
        torch.testing.assert_close(after_round[name], value, msg=name)
    assert after_round["body.3.num_batches_tracked"] == 2


def test_buffers_come_back_also_after_an_error():
    net = nn.BatchNorm1d(3)
    before = state(net)

    def look_and_fail():
        with gan.buffers_kept(net):
            net(torch.randn(5, 3))
            assert not same(before, state(net))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        look_and_fail()
    assert same(before, state(net))


def test_a_frozen_layer_stays_frozen():
    generator, discriminator = mlp_pair()
    discriminator[0].requires_grad_(False)
    before = state(discriminator[0])
    list(gan.play(generator, discriminator, ring, z_size=4, rounds=2))
    assert same(before, state(discriminator[0]))
    assert not discriminator[0].weight.requires_grad


def test_the_moving_average_is_the_formula():
    model, average = nn.Linear(2, 2), nn.Linear(2, 2)
    expected = 0.9 * average.weight.detach() + 0.1 * model.weight.detach()
    gan.update_average(average, model, 0.9)
    torch.testing.assert_close(average.weight.detach(), expected)


def test_the_game_keeps_the_average_of_every_round():
    decay, seen, mean = 0.6, [], None
    torch.manual_seed(0)
    generator, discriminator = nn.Linear(4, 2), mlp(2, 8, 1)
    mean = generator.weight.detach().clone()
    for r in gan.play(generator, discriminator, ring, z_size=4, rounds=20, average=decay):
        keep = min(decay, r.t / (r.t + 9))
        mean = keep * mean + (1 - keep) * r.generator.weight.detach()
        seen.append(r.average.weight)
    torch.testing.assert_close(r.average.weight.detach(), mean)
    assert r.average is not r.generator
    assert not any(weight.requires_grad for weight in r.average.parameters())
    assert small_game()[-1].average is not None


def test_the_averages_batchnorm_speaks_of_the_generator_of_today():
    generator, _, game = pictures_game(rounds=2, average=0.5)
    *_, last = game
    for mean, buffer in zip(last.average.buffers(), generator.buffers()):
        assert torch.equal(mean, buffer)


@pytest.mark.parametrize("loss", gan.LOSSES)
def test_every_loss_plays(loss):
    penalty = 1.0 if loss == "wasserstein" else 0.0
    assert len(small_game(loss=loss, penalty=penalty, average=0.5, reuse_fakes=True)) == 5


def test_sampling_leaves_the_generator_as_it_was():
    generator = dcgan_generator(8, z_size=4, width=4)
    before, z = state(generator), torch.randn(7, 4)
    made = gan.sample(generator, z)
    assert generator.training
    assert same(before, state(generator))
    assert made.shape == (7, 1, 8, 8)
    assert not made.requires_grad
    torch.testing.assert_close(gan.sample(generator, z[:3]), made[:3])  # eval mode: no batch


WRONG = [
    ({"loss": "least-suqares"}, "loss must be one of minimax"),
    ({"rounds": -1}, "rounds must be 0 or more"),
    ({"d_steps": 0}, "d_steps must be 1 or more"),
    ({"batch": 0}, "batch must be 1 or more"),
    ({"average": 1.0}, "average is a decay"),
]


@pytest.mark.parametrize(("options", "sentence"), WRONG)
def test_wrong_input_gets_its_sentence_at_once(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        gan.play(*mlp_pair(), ring, **({"z_size": 4, "rounds": 1} | options))


def test_more_wrong_input():
    with pytest.raises(ValueError, match="no weights to move"):
        gan.play(mlp(4, 2), mlp(2, 1).requires_grad_(False), ring, z_size=4, rounds=1)
    with pytest.raises(ValueError, match="out of bounds in round"):
        list(gan.play(*mlp_pair(), lambda n, rng: torch.full((n, 2), math.inf), z_size=4, rounds=1))
    with pytest.raises(ValueError, match="x is empty"):
        gan.deal_from(torch.zeros(0, 1, 8, 8))
    with pytest.raises(ValueError, match="3 pictures and 2 labels"):
        gan.deal_from(torch.zeros(3, 1), torch.zeros(2))
    with pytest.raises(ValueError, match=r"z must be \(N, 4\)"):
        dcgan_generator(8, z_size=4)(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="asks for labels"):
        dcgan_discriminator(8, classes=3)(torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match="multiple of 4"):
        dcgan_generator(18)
    with pytest.raises(ValueError, match="a guideline is one of"):
        ALL.without("pooling")
    with pytest.raises(ValueError, match="recipe must be one of"):
        next(boards("unheard of", rounds=1, every=1))


# ---------------------------------------------------------------- DCGAN's nets

SWITCHES = [ALL, *(ALL.without(name) for name in Guidelines.__dataclass_fields__)]


@pytest.mark.parametrize("follow", SWITCHES, ids=str)
@pytest.mark.parametrize("size", [16, 28])
def test_every_guideline_can_be_switched_off(follow, size):
    generator = dcgan_generator(size, z_size=5, width=4, channels=3, classes=2, follow=follow)
    discriminator = dcgan_discriminator(size, width=4, channels=3, classes=2, follow=follow)
    y = torch.tensor([0, 1, 1])
    made = generator(torch.randn(3, 5), y)
    assert made.shape == (3, 3, size, size)
    assert made.min() >= 0
    assert made.max() <= 1
    assert discriminator(made, y).shape == (3,)
    kinds = {type(m) for net in (generator, discriminator) for m in net.modules()}
    assert (nn.BatchNorm2d in kinds) == follow.batch_norm
    assert (nn.MaxPool2d in kinds) == (not follow.strided)
    assert (nn.Linear in kinds) == (not follow.no_dense)
    assert (nn.Tanh in kinds) == follow.relu_tanh
    assert (nn.LeakyReLU in kinds) == follow.leaky


def test_labels_change_what_both_players_say():
    generator, _, game = pictures_game(rounds=3)
    *_, last = game
    z, zero, one = torch.randn(4, 4), torch.zeros(4).long(), torch.ones(4).long()
    assert not torch.equal(gan.sample(generator, z, zero), gan.sample(generator, z, one))
    x = torch.rand(4, 1, 8, 8)
    assert not torch.equal(last.discriminator(x, zero), last.discriminator(x, one))


# ---------------------------------------------------------------- measures


def with_moments(n, mean, root, seed):
    """n samples whose mean and covariance (root @ root.T) are exactly these."""
    x = torch.randn(n, len(mean), generator=dealt(seed)).double()
    x = x - x.mean(0)
    x = x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T
    return x @ root.T + mean


def test_frechet_distance_has_its_closed_form():
    zero, away = torch.zeros(3).double(), torch.tensor([1.0, 2.0, -2.0]).double()
    root = torch.diag(torch.tensor([1.0, 2.0, 3.0])).double()
    a = with_moments(50, zero, root, 0)
    # The same covariance: the distance of the means. Commuting ones: the stretches differ.
    assert measures.frechet_distance(a, with_moments(40, away, root, 1)) == pytest.approx(9)
    b = with_moments(40, zero, 3 * root, 1)
    assert measures.frechet_distance(a, b) == pytest.approx(4 * (1 + 4 + 9))
    assert measures.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_gaussians_that_do_not_commute():
    first, second = torch.randn(2, 4, 4, generator=dealt()).double()
    zero = torch.zeros(4).double()
    a, b = with_moments(60, zero, first, 1), with_moments(60, zero, second, 2)
    one, two = first @ first.T, second @ second.T
    root = torch.linalg.eigvals(one @ two).real.clamp(min=0).sqrt().sum()
    expected = (one.trace() + two.trace() - 2 * root).item()
    assert measures.frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert measures.frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_is_robust():
    few = torch.randn(5, 64, generator=dealt())  # fewer pictures than features
    assert measures.frechet_distance(few, few) == pytest.approx(0, abs=1e-9)
    dead = torch.zeros(10, 4)  # features that never fire
    assert measures.frechet_distance(dead, dead) == 0
    far = torch.randn(100, 3, generator=dealt()) + 1e4  # float32 would cancel
    assert measures.frechet_distance(far, far + 1) == pytest.approx(3, rel=1e-3)
    turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=dealt()).double())
    a, b = torch.randn(2, 30, 3, generator=dealt()).double()
    same_distance = measures.frechet_distance(a @ turned, b @ turned)
    assert same_distance == pytest.approx(measures.frechet_distance(a, b))


def test_modes_are_counted():
    centres = measures.ring_centres()
    everywhere = measures.modes_found(ring(2000, dealt()))
    assert everywhere.found == 8
    assert everywhere.good > 0.99
    assert everywhere.shares.sum().item() == pytest.approx(everywhere.good, abs=1e-6)
    heap = measures.modes_found(centres[:1].expand(100, 2))
    assert heap.found == 1
    assert heap.good == 1
    nowhere = measures.modes_found(torch.zeros(100, 2))
    assert nowhere.found == 0
    assert nowhere.good == 0
    rare = torch.cat([centres[:1].expand(995, 2), centres[1:2].expand(5, 2)])
    assert measures.modes_found(rare).found == 1, "half a per cent does not count as found"


def test_nearest_neighbours_and_class_shares():
    library = torch.rand(30, 1, 4, 4, generator=dealt())
    distance, rows = measures.nearest_neighbours(library[[3, 7]] + 0.01, library)
    assert rows.tolist() == [3, 7]
    torch.testing.assert_close(distance, torch.full((2,), 0.04), atol=2e-3, rtol=0)
    shares = measures.class_shares(torch.eye(3)[[0, 0, 2, 2]])
    assert shares.tolist() == [0.5, 0, 0.5]


def test_measures_refuse_what_they_cannot_measure():
    with pytest.raises(ValueError, match="N >= 2"):
        measures.frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="3 columns, b has 4"):
        measures.frechet_distance(torch.zeros(5, 3), torch.zeros(5, 4))
    with pytest.raises(ValueError, match="NaN or infinity"):
        measures.frechet_distance(torch.full((5, 3), math.nan), torch.zeros(5, 3))
    with pytest.raises(ValueError, match="one shape"):
        measures.nearest_neighbours(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 4, 4))


# ---------------------------------------------------------------- the board


def test_the_arrows_are_the_generators_wish_by_finite_differences():
    generator, discriminator = players(0)
    view = board(0, generator, discriminator, points=5)
    step = 1e-2
    for axis in range(2):
        shift = torch.zeros(2)
        shift[axis] = step
        with torch.no_grad():
            up, down = (discriminator(view.fake[:5] + s) for s in (shift, -shift))
        # Per point: minus the slope of softplus(-s), the mean's 1 / N undone.
        slope = nn.functional.softplus(-up) - nn.functional.softplus(-down)
        torch.testing.assert_close(
            view.arrows[:, axis], -slope[:, 0] / (2 * step), atol=1e-3, rtol=1e-2
        )


def test_looking_at_the_board_changes_nothing():
    generator, discriminator = players(0)
    before, drawn = [state(generator), state(discriminator)], chance()
    board(0, generator, discriminator)
    assert same(before[0], state(generator))
    assert same(before[1], state(discriminator))
    assert unchanged(drawn)


def test_players_take_no_chance_from_anybody():
    torch.manual_seed(1)  # whatever seed 0 draws, it is not this
    before = chance()
    players(0)
    assert unchanged(before)


def test_the_board_is_seen_from_any_device(each_device):
    view = board(0, *(net.to(each_device) for net in players(0)))
    there, here = view.fake, board(0, *players(0)).fake
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-3)
    figures.board_figure(view)


def test_curves_are_drawn_from_any_device(each_device):
    x = torch.linspace(0.1, 1, 5, device=each_device)
    figures.discriminator_1d(x, x, 1 - x, x.clone().requires_grad_())
    figures.lines(x, {"a curve": x, "some numbers": list(x)}, xlabel="x", ylabel="y")


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_recipes_play_and_are_seen_when_asked(recipe):
    seen = list(boards(recipe, rounds=20, every=10))
    assert [one.t for one in seen] == [0, 10, 20]
    assert not torch.equal(seen[0].fake, seen[2].fake)


def test_the_panel_steps_plays_and_agrees_with_itself(no_loop):
    from tutlib.lessons.panels.gan import ring_game

    panel = ring_game(rounds=100, every=25)
    stepped, _ = panel.at(round=75)
    panel.playbacks["round"].play()
    assert (stepped.t, panel.result.t) == (75, 100)
    assert panel.state == {"round": 100, "recipe": "recommended"}
    again, _ = ring_game(rounds=100, every=25).at(round=75)
    assert torch.equal(again.fake, stepped.fake)
    assert "0 of 8 modes" in panel.at(round=0)[1].alt
    assert panel.errors == []
