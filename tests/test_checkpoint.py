"""Checkpoints: everything that moves comes back, and a file that is not whole says so."""

import pickle

import pytest
import torch
from torch import nn

from tutlib.training import checkpoint

RECIPE = {"epochs": 3, "lr": 0.1}


def players(seed=0):
    """A net with a buffer, an optimizer with a memory, and a source of chance; all have moved."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.Adam(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    move(model, optimizer, generator)
    return model, optimizer, generator


def move(model, optimizer, generator):
    """A step of training; what it leads to shows whether everything is as it was."""
    optimizer.zero_grad()
    model(torch.rand(4, 2, generator=generator) + torch.rand(4, 2)).square().sum().backward()
    optimizer.step()
    return torch.cat([value.flatten().double() for value in model.state_dict().values()])


def test_after_a_restore_everything_goes_on_as_from_the_snapshot():
    then = players()
    best = (0.5, 1, {"a": torch.ones(2)})
    state = checkpoint.snapshot(RECIPE, [{"loss": 1.0}], best, *then)
    assert state["history"] == [{"loss": 1.0}]
    assert state["best"] is best
    after = [move(*then) for _ in range(3)]
    for _ in range(2):  # the snapshot is a copy, and stays one when it is used
        now = players(seed=7)
        checkpoint.restore(state, RECIPE, *now)
        for expected in after:
            assert torch.equal(move(*now), expected)


def test_what_lies_in_a_file_is_what_was_saved(tmp_path):
    then = players()
    state = checkpoint.snapshot(RECIPE, [], (0.5, 1, None), *then)
    after = move(*then)
    for place in (tmp_path / "one.pt", str(tmp_path / "two.pt")):
        assert checkpoint.load(place) is None
        checkpoint.save(state, place)
        now = players(seed=7)
        checkpoint.restore(checkpoint.load(place), RECIPE, *now)
        assert torch.equal(move(*now), after)


def test_another_recipe_is_named_entry_by_entry():
    state = checkpoint.snapshot(RECIPE, [], (0.0, 0, None), *players())
    told = r"another run \(epochs was 3, is 4; lr was 0\.1, is 0\.2\): use another file"
    with pytest.raises(ValueError, match=told):
        checkpoint.restore(state, {"epochs": 4, "lr": 0.2}, *players())
    with pytest.raises(ValueError, match=r"\(lr was 0\.1, is 0\.2\)"):
        checkpoint.restore(state, RECIPE | {"lr": 0.2}, *players())
    with pytest.raises(ValueError, match="seed was None, is 0"):
        checkpoint.restore(state, RECIPE | {"seed": 0}, *players())
    with pytest.raises(ValueError, match="epochs was None, is 3"):
        checkpoint.restore({}, RECIPE, *players())


def test_another_net_gets_its_sentence():
    state = checkpoint.snapshot(RECIPE, [], (0.0, 0, None), *players())
    wide = nn.Linear(5, 5)
    with pytest.raises(ValueError, match="another net"):
        checkpoint.restore(state, RECIPE, wide, torch.optim.Adam(wide.parameters()), None)
    model, _, generator = players()
    few = torch.optim.Adam(model[0].parameters())  # the same net, and other weights to move
    with pytest.raises(ValueError, match="another net"):
        checkpoint.restore(state, RECIPE, model, few, generator)


class Wicked:
    """Unpickling this would print."""

    def __reduce__(self):
        return print, ("unpickled!",)


def test_a_file_that_is_no_whole_checkpoint_says_so(tmp_path, capsys):
    place = tmp_path / "run.pt"
    checkpoint.save({"a": torch.ones(100)}, place)
    whole = place.read_bytes()
    for content in (b"", whole[:100], whole[:-30], pickle.dumps(Wicked(), protocol=2)):
        place.write_bytes(content)
        with pytest.raises(ValueError, match=r"run\.pt is not a whole checkpoint"):
            checkpoint.load(place)
    torch.save({"a": Wicked()}, place)
    with pytest.raises(ValueError, match="not a whole checkpoint"):
        checkpoint.load(place)
    assert "unpickled!" not in capsys.readouterr().out


def test_a_save_that_fails_leaves_the_older_file(tmp_path):
    place = tmp_path / "run.pt"
    whole = checkpoint.snapshot(RECIPE, [], (0.5, 1, None), *players())
    checkpoint.save(whole, place)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        checkpoint.save({"a": lambda: None}, place)
    assert checkpoint.load(place)["recipe"] == RECIPE
    assert [path.name for path in tmp_path.iterdir()] == ["run.pt"]


@pytest.mark.parametrize(("cards", "used"), [(2, True), (1, False), (0, False)])
def test_the_gpus_chance_comes_back_where_there_are_as_many_gpus(monkeypatch, cards, used):
    states, put_back = [torch.zeros(3), torch.ones(3)], []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: states)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", put_back.append)
    then = players()
    state = checkpoint.snapshot(RECIPE, [], (0.0, 0, None), *then)
    assert state["random_gpu"] is states
    checkpoint.restore(state, RECIPE, *then)
    assert put_back == ([states] if used else [])


def test_where_no_gpu_was_used_nothing_of_one_is_kept_or_put_back(monkeypatch):
    def never(*_):
        raise AssertionError("no GPU is used")

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", never)
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", never)
    then = players()
    state = checkpoint.snapshot(RECIPE, [], (0.0, 0, None), *then)
    assert state["random_gpu"] == []
    checkpoint.restore(state, RECIPE, *then)
