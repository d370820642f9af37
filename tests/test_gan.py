"""The GAN game: who learns when, measures, the board."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from matplotlib.colors import rgb_to_hsv, to_hex, to_rgb
from matplotlib.quiver import Quiver
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.conftest import chance, unchanged
from tutlib import gan
from tutlib.gan import measures
from tutlib.gan.measures import ring
from tutlib.gan.nets import ALL, Guidelines, dcgan_discriminator, dcgan_generator
from tutlib.gan.ring import RECIPES, board, boards, players
from tutlib.nets import mlp
from tutlib.plots import forgery, gan_curves, theme
from tutlib.plots import gan as figures
from tutlib.plots.theme import COLOURS


def dealt(seed=0):
    return torch.Generator().manual_seed(seed)


def state(model):
    return {name: t.clone() for name, t in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


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


def test_running_statistics_are_averaged_like_the_weights_and_counters_are_copied():
    generator, _, game = pictures_game(rounds=2, average=0.95)
    norm = next(m for m in generator.modules() if isinstance(m, nn.BatchNorm2d))
    mean = norm.running_mean.clone()
    for r in game:
        keep = min(0.95, r.t / (r.t + 9))
        mean = keep * mean + (1 - keep) * norm.running_mean
    kept = next(m for m in r.average.modules() if isinstance(m, nn.BatchNorm2d))
    torch.testing.assert_close(kept.running_mean, mean)
    assert not torch.equal(kept.running_mean, norm.running_mean)
    assert kept.num_batches_tracked == norm.num_batches_tracked == 4


# What a round does, against the same written down with torch's own tools.


class Telling(nn.Linear):
    """A player that writes down what it was shown, and in which mode it was."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.seen, self.modes = [], []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        self.modes.append(self.training)
        return super().forward(x)


def telling_game(rounds=1, **options):
    torch.manual_seed(0)
    g, d = Telling(3, 2), Telling(2, 1)
    told = {"z_size": 3, "rounds": rounds, "batch": 4, "rng": dealt()} | options
    return g, d, gan.play(g, d, ring, **told)


@pytest.mark.parametrize("penalty", [0.0, 3.0])
def test_a_round_is_the_one_in_the_books(penalty):
    """Two moves of D, one of G, with torch's Adam and every gradient computed the simple way."""
    options = {"d_steps": 2, "lr": (0.01, 0.02), "betas": (0.3, 0.8), "penalty": penalty}
    *_, game = telling_game(rounds=3, loss="hinge", **options)
    rounds = list(game)
    g, d, _ = telling_game()
    adam_g = torch.optim.Adam(g.parameters(), 0.01, (0.3, 0.8))
    adam_d = torch.optim.Adam(d.parameters(), 0.02, (0.3, 0.8))
    rng = dealt()
    for _ in rounds:
        for _ in range(2):
            x, z = ring(4, rng), torch.randn(4, 3, generator=rng)
            fake = g(z).detach()
            real_score, fake_score = d(x).mean().item(), d(fake).mean().item()
            d_loss = (1 - d(x)).relu().mean() + (1 + d(fake)).relu().mean()
            if penalty:
                d_loss = d_loss + penalty * gan.gradient_penalty(d, x, fake, rng=rng)
            adam_d.zero_grad()
            d_loss.backward()
            adam_d.step()
        g_loss = -d(g(torch.randn(4, 3, generator=rng))).mean()
        adam_g.zero_grad()
        g_loss.backward()
        adam_g.step()
    last = rounds[-1]
    assert [r.t for r in rounds] == [1, 2, 3]
    told = (last.d_loss, last.g_loss, last.real_score, last.fake_score)
    assert told == pytest.approx((d_loss.item(), g_loss.item(), real_score, fake_score))
    for name, value in [*g.state_dict().items(), *d.state_dict().items()]:
        ours = last.generator if value.shape[0] == 2 else last.discriminator
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_each_player_has_its_own_learning_rate_the_generator_first():
    for lr, g_moves, d_moves in (((0, 0.1), False, True), ((0.1, 0), True, False)):
        g, d, game = telling_game(rounds=3, lr=lr)
        before = [state(g), state(d)]
        list(game)
        assert same(before[0], state(g)) != g_moves
        assert same(before[1], state(d)) != d_moves
    for options, size in (({"lr": 0.03}, 0.03), ({}, 5e-4)):  # Adam's first step is lr long
        g, d, game = telling_game(**options)
        before = [g.weight.detach().clone(), d.weight.detach().clone()]
        next(game)
        for was, net in zip(before, (g, d)):
            steps = (net.weight.detach() - was).abs()
            torch.testing.assert_close(steps, torch.full_like(steps, size), rtol=1e-3, atol=0)


def test_who_asks_for_nothing_gets_the_usual_game():
    told = {"batch": 64, "loss": "non-saturating", "d_steps": 1, "lr": 5e-4, "betas": (0.5, 0.999),
            "reuse_fakes": False, "average": 0.0, "penalty": 0.0}  # fmt: skip
    torch.manual_seed(0)
    usual, asked = mlp_pair(), mlp_pair()
    for one, other in zip(usual, asked):
        other.load_state_dict(one.state_dict())
    list(gan.play(*usual, ring, z_size=4, rounds=3, rng=dealt()))
    *_, last = gan.play(*asked, ring, z_size=4, rounds=3, rng=dealt(), **told)
    for one, other in zip(usual, asked):
        assert same(state(one), state(other))
    assert last.average is last.generator is asked[0]
    assert last.discriminator is asked[1]


def test_a_loss_of_ones_own_can_be_played_with():
    own = gan.Loss(gan.hinge_d, gan.wasserstein_g)
    ends = [list(telling_game(rounds=2, loss=loss)[2])[-1].generator for loss in (own, "hinge")]
    assert same(*map(state, ends))


def test_reused_pictures_are_those_the_discriminator_has_just_seen():
    g, d, game = telling_game(d_steps=3, reuse_fakes=True)
    next(game)
    assert len(g.seen) == 3
    real_and_fake, of_g = d.seen[:6], d.seen[6]
    assert torch.equal(of_g, real_and_fake[5])
    g, d, game = telling_game(d_steps=3)
    next(game)
    assert len(g.seen) == 4  # new noise for the generator's own move
    assert not any(torch.equal(d.seen[6], seen) for seen in d.seen[:6])


def test_both_players_learn_in_train_mode_whatever_they_came_in():
    g, d, game = telling_game(rounds=2)
    g.eval()
    d.eval()
    for _ in game:
        assert g.modes
        assert all(g.modes + d.modes)
        g.eval()
        d.eval()


def test_the_average_forgets_quickly_at_first():
    """In round t no more than t / (t + 9) of the past is kept."""
    _, _, game = telling_game(rounds=4, average=0.25, lr=0.1)
    torch.manual_seed(0)
    mean = Telling(3, 2).weight.detach()
    for keep, r in zip((1 / 10, 2 / 11, 3 / 12, 0.25), game):
        mean = keep * mean + (1 - keep) * r.generator.weight.detach()
        torch.testing.assert_close(r.average.weight.detach(), mean)
    assert r.average is not r.generator
    assert not any(weight.requires_grad for weight in r.average.parameters())


def test_no_rounds_are_no_rounds():
    _, d, game = telling_game(rounds=0)
    assert list(game) == []
    assert not d.seen


def test_dealt_pictures_come_with_their_labels_if_there_are_any():
    x, y = torch.arange(5.0)[:, None], torch.arange(5) * 10
    alone = gan.deal_from(x)(100, dealt())
    assert alone.shape == (100, 1)
    pictures, labels = gan.deal_from(x, y)(100, dealt())
    assert torch.equal(pictures, alone)
    assert torch.equal(labels, 10 * pictures[:, 0].long())
    assert alone.unique().tolist() == [0, 1, 2, 3, 4]
    before = torch.get_rng_state()
    assert not torch.equal(gan.deal_from(x)(100, dealt(1)), alone)
    assert torch.equal(torch.get_rng_state(), before)
    assert gan.deal_from(x)(3).shape == (3, 1)


def test_a_game_of_dealt_pictures_without_labels_is_played():
    x = ring(9, dealt())
    g, d, _ = telling_game()
    list(gan.play(g, d, gan.deal_from(x), z_size=3, rounds=1, batch=6))
    assert all(any(torch.equal(row, known) for known in x) for row in d.seen[0])


def test_many_pictures_are_sampled_each_from_its_own_z_and_label():
    z, y = torch.randn(1203, 2), torch.arange(1203)
    generator = Telling(2, 2)
    made = gan.sample(generator, z)
    torch.testing.assert_close(made, generator(z).detach())
    assert not any(generator.modes[:-1])
    assert max(len(seen) for seen in generator.seen[:-1]) == 500  # memory has an end

    class Labelled(nn.Module):
        def forward(self, z, y):
            return z * y[:, None]

    assert torch.equal(gan.sample(Labelled(), z, y), z * y[:, None])


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
    ({"d_steps": 0}, "d_steps must be at least 1"),
    ({"batch": 0}, "batch must be at least 1"),
    ({"average": 1.0}, "average is a decay"),
    ({"average": -0.1}, "average is a decay"),
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
    assert (nn.Tanh in kinds) == follow.tanh
    assert (nn.LeakyReLU in kinds) == follow.leaky
    assert (nn.Sigmoid in kinds) == (not (follow.relu and follow.tanh))


@pytest.mark.parametrize("follow", SWITCHES, ids=str)
def test_one_guideline_at_a_time_and_nothing_else_changes(follow):
    """Every hidden layer, a dense one too, is normalised exactly where BatchNorm is followed."""
    for net in (dcgan_generator(16, follow=follow), dcgan_discriminator(16, follow=follow)):
        layers = list(net.body)
        last = max(i for i, m in enumerate(layers) if hasattr(m, "weight"))
        for i, layer in enumerate(layers[:last]):
            if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                continue
            after = [m for m in layers[i + 1 : i + 3] if not isinstance(m, nn.MaxPool2d)]
            at_the_input = i == 0 and net.__class__.__name__ == "Discriminator"
            normalised = isinstance(after[0], nn.BatchNorm1d | nn.BatchNorm2d)
            assert normalised == (follow.batch_norm and not at_the_input), (i, layer)


def test_without_batchnorm_a_signal_keeps_its_size():
    """DCGAN's weights of 0.02 would let it shrink, and the comparison would be unfair."""
    torch.manual_seed(0)
    follow = ALL.without("batch_norm")
    made = dcgan_generator(28, follow=follow, classes=10).body[:-2]
    told = dcgan_discriminator(28, follow=follow, classes=10).body
    for net, signal in ((made, torch.randn(64, 42)), (told, torch.rand(64, 1, 28, 28) * 2 - 1)):
        for layer in net:
            before, signal = signal, layer(signal)
            if hasattr(layer, "weight") and layer is not net[0]:
                growth = (signal.square().mean() / before.square().mean()).sqrt()
                assert 0.9 < growth < 2, layer


def test_the_first_transposed_convolution_is_a_dense_layer():
    first = dcgan_generator(16).body[1]
    z = torch.randn(3, 32)
    dense = nn.functional.linear(z, first.weight.flatten(1).T, first.bias.repeat_interleave(16))
    torch.testing.assert_close(first(z[:, :, None, None]).flatten(1), dense)


def test_the_discriminator_adds_the_answer_about_the_class():
    discriminator = dcgan_discriminator(16, width=4, classes=3).eval()
    x, y = torch.rand(4, 1, 16, 16), torch.tensor([0, 2, 1, 2])
    answers = discriminator.body(2 * x - 1)[:, :, 0, 0]
    expected = [a[0] + a[1 + k] for a, k in zip(answers, y)]
    torch.testing.assert_close(discriminator(x, y), torch.stack(expected))
    assert dcgan_discriminator(16, width=4)(x).shape == (4,)


def test_labels_change_what_both_players_say():
    generator, _, game = pictures_game(rounds=3)
    *_, last = game
    z, zero, one = torch.randn(4, 4), torch.zeros(4).long(), torch.ones(4).long()
    assert not torch.equal(gan.sample(generator, z, zero), gan.sample(generator, z, one))
    x = torch.rand(4, 1, 8, 8)
    assert not torch.equal(last.discriminator(x, zero), last.discriminator(x, one))


# ---------------------------------------------------------------- which do you believe?


def digits_for_pairs(count=60):
    y = torch.arange(count) % 10
    return torch.full((count, 1, 28, 28), 0.75), y, torch.full((count, 1, 28, 28), 0.25), y


def test_the_quiz_shows_one_real_digit_in_every_pair_and_tells_which():
    from tutlib.lessons.panels.forgery import which_is_real

    panel = which_is_real(*digits_for_pairs(), seed=1)
    above = []
    for sheet in range(1, 5):
        covered, frame = panel.at(sheet=sheet)
        shown, told = panel.at(sheet=sheet, truth="shown")
        assert covered["truth"] is None
        assert "real are" not in frame.alt
        assert "real are" in told.alt
        for up, a, b in zip(shown["truth"], shown["above"], shown["below"]):
            assert {a.mean().item(), b.mean().item()} == {0.25, 0.75}
            assert up == (a.mean() > 0.5)
        above += shown["truth"]
        assert torch.equal(shown["above"], covered["above"])
    assert 4 <= sum(above) <= 16, "chance decides which stands above"
    assert panel.errors == []


def test_the_quiz_takes_each_class_in_its_order_and_no_picture_twice():
    from tutlib.lessons.panels.forgery import which_is_real

    x = torch.arange(60.0)[:, None, None, None].expand(60, 1, 4, 4) / 60
    panel = which_is_real(x, torch.arange(60) % 10, torch.zeros_like(x), torch.arange(60) % 10)
    seen = []
    for sheet in range(1, 5):
        result, _ = panel.at(sheet=sheet, truth="shown")
        for k, digit in enumerate(result["digits"]):
            real = result["above" if result["truth"][k] else "below"][k]
            seen.append((digit, round(60 * real.mean().item())))
    assert all(row % 10 == digit for digit, row in seen)
    assert sorted(row for _, row in seen) == list(range(20))
    with pytest.raises(ValueError, match="too few pictures of a"):
        which_is_real(*digits_for_pairs(10))


def test_figures_of_forged_pictures_say_in_words_what_they_show(each_device):
    x = torch.rand(6, 1, 8, 8, device=each_device)
    told = theme.in_words(forgery.ablation({"all five": [2.0, 4.0], "no BatchNorm": [31.0, 17.0]}))
    assert "all five: 2.0 to 4.0" in told
    assert "no BatchNorm: 17.0 to 31.0" in told
    assert "A: real" in theme.in_words(forgery.pairs(x, x, [True, False, True, True, True, False]))
    assert "real" not in theme.in_words(forgery.pairs(x, x))
    assert "round 7" in theme.in_words(forgery.sheets([x, x], ["round 7", "round 9"], wide=1))
    assert "generated" in theme.in_words(forgery.neighbours(x, x, torch.arange(6.0)))
    for rounds in (3, 40):  # fewer than the window of its means, and more
        losses = torch.rand(2, rounds).tolist()
        told = theme.in_words(forgery.long_game(*losses, {1: 9.0, rounds: 2.0}))
        assert "if nobody can tell" in told


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
    gan_curves.discriminator_1d(x, x, 1 - x, x.clone().requires_grad_())
    figures.lines(x, {"a curve": x, "some numbers": list(x)}, xlabel="x", ylabel="y")


def test_collapse_is_the_relu_forgers_game_with_one_thing_changed():
    good, bad = RECIPES["ReLU forger"], RECIPES["collapse"]
    assert {name for name in good | bad if good.get(name) != bad.get(name)} == {"lr"}
    assert bad["lr"] == (good["lr"], good["lr"] / 10)  # the generator's first
    (G, D), (relu, same_d) = players(0), players(0, relu=True)
    assert [layer.weight.shape[0] for layer in relu if isinstance(layer, nn.Linear)] == [64, 64, 2]
    assert [type(layer) for layer in D] == [type(layer) for layer in same_d]
    assert {nn.Tanh} == {type(layer) for layer in G} - {nn.Linear}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_slow_expert_alone_does_not_break_the_game(seed):
    """What the panel of 5.1 reveals: with the tanh generator nearly all modes are found, later."""
    _, early, late = boards("slow expert", rounds=900, every=450, seed=seed)
    assert early.modes.found < 7 <= late.modes.found


def test_the_boards_loss_is_that_of_its_arrows_and_its_generator_made_its_points():
    generator, discriminator = players(0)
    view = board(7, generator, discriminator, loss="minimax", points=50)
    expected = gan.minimax_g(discriminator(view.fake[:50])).item()
    assert view.loss == pytest.approx(expected)
    assert view.arrows.shape == (50, 2)
    assert view.generator is generator


def test_every_dot_on_a_board_has_its_arrow_and_none_is_blue():
    view = board(0, *players(0))
    for figure in (figures.board_figure(view), figures.board_strip([view])):
        dots = figure.axes[0].collections[1].get_offsets()
        (arrows,) = (c for c in figure.axes[0].collections if isinstance(c, Quiver))
        assert len(dots) == len(arrows.U) >= 60
        np.testing.assert_allclose(dots, np.stack([arrows.X, arrows.Y], 1))
        assert np.hypot(arrows.U, arrows.V).max() == pytest.approx(0.6, rel=1e-3)
        drawn = {to_hex(c) for part in figure.axes[0].collections for c in part.get_facecolor()}
        assert COLOURS["clean"].lower() not in drawn
        assert COLOURS["generated"].lower() in drawn


def test_blue_is_clean_and_nothing_else():
    hues = {name: rgb_to_hsv(to_rgb(colour)) for name, colour in COLOURS.items()}
    assert [k for k, (hue, grey, _) in hues.items() if grey > 0.1 and 0.5 < hue < 0.72] == ["clean"]


def test_a_board_without_wishes_is_drawn():
    view = board(0, players(0)[0], nn.Linear(2, 1).requires_grad_(False))
    still = dataclasses.replace(view, arrows=torch.zeros_like(view.arrows))
    assert not still.arrows.any()
    figures.board_figure(still)


def test_the_lessons_curves_keep_their_names_and_none_is_blue():
    x = torch.linspace(-1, 1, 5)
    game = {"gap": [1, 2], "a": [1, 2], "b": [1, 2]}
    sign = {"spread": x, "loss": x}
    pages = [
        gan_curves.discriminator_1d(x, x + 2, 3 - x, x),
        gan_curves.two_games([game, game], [game], {"a": 0.5}),
        gan_curves.two_losses(),
        gan_curves.perfect_games({"one": [1, 2, 3]}, x, x + 2, {"one": x + 2}, "a caption"),
        gan_curves.collapse_signs(x, {"good": [sign], "bad": [sign] * 2},
                               {"spread": "how far", "loss": "how bad"}, {"spread": 0.5}),
    ]  # fmt: skip
    for page in pages:
        colours = {to_hex(line.get_color()) for axes in page.axes for line in axes.lines}
        assert COLOURS["clean"].lower() not in colours
    names = [text.get_text() for text in pages[1].axes[1].get_legend().get_texts()]
    assert names == ["k = 1", "k = 5", "real"]
    assert [text.get_text() for text in pages[4].legends[0].get_texts()] == ["good", "bad"]
    assert [axes.get_title(loc="left") for axes in pages[4].axes] == ["how far", "how bad"]


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


@pytest.mark.parametrize("labels", [0, 500, 999, 1001])
def test_as_many_labels_as_points(labels):
    net = dcgan_generator(8, z_size=4, width=2, classes=10)
    with pytest.raises(ValueError, match=f"there are 1000 z and {labels} labels"):
        gan.sample(net, torch.randn(1000, 4), torch.zeros(labels, dtype=torch.long))
