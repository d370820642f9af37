"""Codes that are read off a painting: the statistics against their formulas, the linear map."""

import pytest
import torch

from tests.test_forward import features
from tutlib import style
from tutlib.assets import bundled
from tutlib.style.reader import NARROW


@pytest.fixture(scope="module")
def extractor():
    return bundled.extractor()


def test_told_are_means_and_deviations_of_the_style_layers(extractor):
    painting = features(2, 3, 50, 60)
    seen = style.told(extractor, painting)
    flat = [z.flatten(2).double() for z in extractor(painting, extractor.style_layers).values()]
    wanted = [part for z in flat for part in (z.mean(2), (z.var(2, correction=0) + 1e-5).sqrt())]
    torch.testing.assert_close(seen, torch.cat(wanted, 1).float(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(seen[:1], style.told(extractor, painting[:1]), rtol=1e-4, atol=1e-5)


def test_a_fresh_reader_gives_everybody_the_plain_code():
    net = style.AnyPainter(10)
    assert torch.equal(net.code(torch.rand(3, 10)), net.painter.codes.expand(3, -1))


def test_the_summary_is_of_mean_0_and_deviation_1_and_its_numbers_are_uncorrelated():
    reader, seen = style.Reader(100, 8), 5 * torch.randn(300, 100) + 3
    reader.fit_summary(seen)
    short = reader.summary((seen - reader.centre) / reader.scale)
    torch.testing.assert_close(short.T @ short / len(seen), torch.eye(NARROW), atol=2e-2, rtol=0)
    with pytest.raises(ValueError, match="paintings"):
        reader.fit_summary(seen[:5])


def test_codes_of_many_paintings_at_once(extractor):
    net = style.AnyPainter(1304).eval()
    net.reader.spell.weight.data.normal_(0, 0.01)
    seen = style.told(extractor, features(2, 3, 48, 48))
    photos = features(2, 3, 24, 30)
    both = net(photos, seen)
    alone = torch.cat([net(x[None], one[None]) for x, one in zip(photos, seen)])
    torch.testing.assert_close(both, alone, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("seen", ["waves", torch.rand(1, 5), torch.rand(1304)])
def test_what_is_not_told_is_refused_in_one_sentence(seen):
    with pytest.raises(ValueError, match="give style"):
        style.AnyPainter(1304)(torch.rand(1, 3, 32, 32), seen)
    with pytest.raises(TypeError, match="a name or a code"):
        style.Painter(["waves"])(torch.rand(1, 3, 32, 32), 3)
