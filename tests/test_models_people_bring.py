"""Models as people bring them: each works, or is refused in one sentence. None does harm."""

import copy
import threading
from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.conftest import small_net
from tutlib import risk, training
from tutlib.attacks import fgsm, input_gradient, pgd, sgd_attack
from tutlib.balls import L2, Linf
from tutlib.check.models import first_look, logits_of, modules_in
from tutlib.nets import untouched

BALL = Linf(0.03)
USES = {
    "fgsm": lambda m, x, y: fgsm(m, x, y, BALL),
    "sgd": lambda m, x, y: sgd_attack(m, x, y, BALL, steps=3),
    "pgd": lambda m, x, y: pgd(m, x, y, BALL, steps=3, restarts=2),
    "early stop": lambda m, x, y: pgd(m, x, y, BALL, steps=3, restarts=2, early_stop=True),
    "input gradient": input_gradient,
    "risk": risk.risk,
    "per picture": risk.per_picture,
    "adversarial risk": lambda m, x, y: risk.adversarial_risk(m, x, y, BALL),
    "risk curve": lambda m, x, y: risk.risk_curve(m, x, y, [0, 0.01, 0.03], partial(pgd, steps=2)),
    "evaluate": lambda m, x, y: risk.evaluate(m, x, y, BALL, steps=3),
    "fast": lambda m, x, y: risk.evaluate(m, x, y, BALL, steps=3, fast=True),
    "diagnose": lambda m, x, y: risk.diagnose(m, x, y, BALL, steps=3, queries=2),
    "accuracy": training.accuracy,
    "judge": lambda m, x, y: training.accuracy(m, x, y, partial(pgd, ball=BALL, steps=2)),
}
EVERY = pytest.mark.parametrize("use", USES.values(), ids=USES)
ASK_FOR_A_SLOPE = ("fgsm", "sgd", "pgd", "input gradient", "evaluate", "adversarial risk")
CLIMB = pytest.mark.parametrize(
    "use", [USES[name] for name in ASK_FOR_A_SLOPE], ids=ASK_FOR_A_SLOPE
)


class Writer(nn.Module):
    """A net that normalises in place: what it was given is another picture afterwards."""

    def __init__(self, how="in place"):
        super().__init__()
        self.body, self.how = small_net().eval(), how

    def forward(self, x):
        if self.how == "in place":
            x.mul_(0.5).add_(0.1)
        else:
            x.data.mul_(0.5).add_(0.1)
        return self.body(x)


class Polite(Writer):
    """The same net on a copy."""

    def forward(self, x):
        return super().forward(x.clone())


@EVERY
@pytest.mark.parametrize("how", ["in place", "behind autograd's back"])
def test_a_model_that_writes_into_its_input_changes_nobodys_pictures(use, how, pictures):
    x, y = pictures
    kept, (net, polite) = (x.clone(), y.clone()), (Writer(how), Polite(how))
    found, expected = use(net, x, y), use(polite, x.clone(), y.clone())
    assert torch.equal(x, kept[0])
    assert torch.equal(y, kept[1])
    if isinstance(found, torch.Tensor):
        torch.testing.assert_close(found, expected)


def test_a_writer_leaves_no_ball(pictures):
    x, y = pictures
    for ball in (BALL, L2(0.3)):
        x_adv = pgd(Writer(), x, y, ball, steps=3, restarts=3)
        assert ball.norm(x_adv - x).max() <= ball.eps
        assert x_adv.aminmax().min >= 0


def test_only_a_writer_gets_copies(pictures):
    x, y = pictures
    net, given = small_net().eval(), []
    _, ready = first_look(net, x, y)
    assert ready is net
    _, ready = first_look(lambda p: given.append(p) or Writer()(p), x, y)
    ready(x)
    assert given[-1] is not x


# ---------------------------------------------------------------- answers that are no logits

ANSWERS = {
    "tuple": (lambda logits: (logits, logits), TypeError, r"a tuple: .*model\(x\)\[0\]"),
    "dict": (lambda logits: {"logits": logits}, TypeError, r"a dict: .*model\(x\)\.logits"),
    "object": (lambda logits: SimpleNamespace(logits=logits), TypeError, r"model\(x\)\.logits"),
    "array": (lambda logits: logits.detach().numpy(), TypeError, "a ndarray"),
    "nothing": (lambda logits: None, TypeError, "a NoneType"),
    "one number each": (lambda logits: logits[:, 0], ValueError, r"logits of shape \(N, K\)"),
    "NaN": (lambda logits: logits * float("nan"), ValueError, "holds NaN or infinity"),
    "too few classes": (lambda logits: logits[:, :1], ValueError, "outside the model's 1 classes"),
}


@EVERY
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_is_no_logits_gets_its_sentence(use, answer, pictures):
    twist, kind, sentence = answer
    net = small_net().eval()
    with pytest.raises(kind, match=sentence) as caught:
        use(lambda x: twist(net(x)), *pictures)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("label", [-1, 4])
def test_accuracy_refuses_labels_that_no_class_has(label, pictures):
    with pytest.raises(ValueError, match=f"label {label} is outside"):
        training.accuracy(small_net(), pictures[0], label)


@CLIMB
@pytest.mark.parametrize(
    "cut", [torch.detach, lambda x: x.round().long().float(), torch.no_grad()(lambda x: 1 * x)]
)
def test_without_a_way_back_there_is_a_sentence(use, cut, pictures):
    net = small_net().eval()
    with pytest.raises(ValueError, match="no way back from the model's answer to the pixels"):
        use(lambda x: net(cut(x)), *pictures)


# ---------------------------------------------------------------- nets that do not fit


@EVERY
def test_pictures_of_another_size_get_a_sentence(use):
    net = nn.Sequential(nn.Flatten(), nn.Linear(27, 4))
    with pytest.raises(ValueError, match=r"pictures of shape \([12], 3, 5, 5\)") as caught:
        use(net, torch.rand(2, 3, 5, 5), torch.tensor([0, 1]))
    assert "\n" not in str(caught.value)


@EVERY
def test_grey_pictures_for_a_net_of_colours(use):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with pytest.raises(ValueError, match="cannot look at pictures of shape"):
        use(net, torch.rand(2, 1, 5, 5), torch.tensor([0, 1]))


@EVERY
def test_a_net_in_half_precision_says_what_to_do(use, pictures):
    with pytest.raises(ValueError, match=r"weights are torch.float16: net.float\(\)"):
        use(small_net().eval().half(), *pictures)


@EVERY
def test_another_mistake_inside_a_model_is_not_hidden(use, pictures):
    def broken(x):
        raise RuntimeError("the coffee is cold")

    with pytest.raises(RuntimeError, match="the coffee is cold"):
        use(broken, *pictures)


def test_no_memory_is_no_misfit(pictures):
    def large(x):
        raise torch.OutOfMemoryError("expected 8 GiB but found 1")

    with pytest.raises(torch.OutOfMemoryError):
        logits_of(large, *pictures)


@EVERY
def test_what_is_no_model_is_refused(use, pictures):
    with pytest.raises(TypeError, match="must be a net or a function of pictures, and this is str"):
        use("resnet50", *pictures)


@CLIMB
def test_a_net_built_in_inference_mode(use, pictures):
    with torch.inference_mode():
        net = small_net().eval()
    with pytest.raises(ValueError, match="net was built in"):
        use(net, *pictures)


@EVERY
@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.parametrize(
    "make", [torch.jit.script, lambda net: torch.jit.freeze(torch.jit.script(net))]
)
def test_scripted_and_frozen_nets_work(use, make, pictures):
    net = small_net().eval()
    use(make(net), *pictures)


# ---------------------------------------------------------------- nets inside something

NET = small_net()


def global_net(x):
    return NET(x)


class Holder:
    def __init__(self, net):
        self.net = net

    def __call__(self, x):
        return self.net(x)

    def answer(self, x):
        return self.net(x)


def wrapped(net):
    def defended(x):
        return net(1 * x)

    return {
        "lambda": lambda x: net(x),
        "closure in a closure": lambda x: defended(x),
        "partial": partial(lambda model, x: model(x), net),
        "partial by name": partial(lambda x, model: model(x), model=net),
        "method": Holder(net).answer,
        "object": Holder(net),
        "default": lambda x, model=net: model(x),
        "bound forward": net.forward,
    }


@pytest.mark.parametrize("name", [*wrapped(NET), "global"])
def test_a_net_inside_something_is_used_in_eval_mode_and_left_in_train_mode(name, pictures):
    x, y = pictures
    net = NET if name == "global" else copy.deepcopy(NET)
    model = global_net if name == "global" else wrapped(net)[name]
    expected = pgd(copy.deepcopy(net).eval(), x, y, BALL, steps=2)
    before = copy.deepcopy(net.train().state_dict())
    torch.testing.assert_close(pgd(model, x, y, BALL, steps=2), expected)
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_functions_of_the_libraries_are_not_searched():
    assert modules_in(torch.nn.functional.relu) == []
    assert modules_in(len) == []


def test_two_threads_leave_a_net_as_it_was(pictures):
    x, y = pictures
    net = small_net().train()

    def attack():
        for _ in range(15):
            pgd(net, x, y, BALL, steps=1)

    threads = [threading.Thread(target=attack) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(module.training for module in net.modules())
    assert all(weight.requires_grad for weight in net.parameters())


def test_a_buffer_that_grew_comes_back():
    class Growing(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("seen", torch.zeros(1))

    net = Growing()
    with untouched(net):
        net.seen.resize_(5).fill_(1)
    assert net.seen.tolist() == [0.0]
