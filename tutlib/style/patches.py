"""A painting is its patches: all squares of 7 x 7 pixels in it, and no places.

Gatys forgets *where* by averaging products of features. Here nothing is averaged: the painting is
kept as a crowd of patches. A picture is in its style if each patch of the picture is in the crowd
(Kwatra et al., 2005), and if nobody of the crowd is left out (Simakov et al., 2008).

    patch_loss(x) = |x - collage(x)|^2 / 2

where the collage is made of x by swapping each patch for the most similar one of the crowd, and
averaging where they overlap. `repaint` lowers it on the one loop, coarse to fine.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.check.inputs import check_count, check_pictures, check_positive

SIDE = 7  # of a patch, in pixels
ROWS = 256  # patches compared with the crowd at a time: their distances fit into the cache


class Both(NamedTuple):
    """The two directions of the distance between two crowds: see `distances`."""

    strange: float
    left_out: float


def check_picture(x: Tensor, what: str) -> None:
    """Raise unless `x` is one colour picture (1, 3, H, W) in [0, 1] that patches can be cut from.

    Example:
        >>> check_picture(torch.rand(1, 3, 20, 30), "the painting")
    """
    check_pictures(x)
    if x.dim() != 4 or x.shape[1] != 3:
        raise ValueError(
            f"{what} must be one colour picture (1, 3, H, W), and its shape is {tuple(x.shape)}: "
            "x.expand(-1, 3, -1, -1) makes colour of grey."
        )
    if len(x) != 1:
        raise ValueError(f"{what} must be one picture, and this is a batch of {len(x)}.")
    if min(x.shape[-2:]) < 2 * SIDE:
        raise ValueError(
            f"{what} is too small: at least {2 * SIDE} pixels a side are needed, and it is "
            f"{x.shape[-2]} x {x.shape[-1]}."
        )


def cut(x: Tensor, places: Tensor | None = None, side: int = SIDE) -> Tensor:
    """The patches of a picture (1, C, H, W) as rows (P, C * side * side).

    Args:
        places: (P,) numbers of the patches wanted, counted row by row from the upper left corner;
            default: all (H - side + 1) (W - side + 1) of them.

    Example:
        >>> cut(torch.arange(6.0).view(1, 1, 2, 3), side=2)
        tensor([[0., 1., 3., 4.],
                [1., 2., 4., 5.]])
    """
    windows = x[0].unfold(1, side, 1).unfold(2, side, 1)  # a view: (C, rows, columns, side, side)
    columns = windows.shape[2]
    if places is None:
        places = torch.arange(windows.shape[1] * columns, device=x.device)
    rows = windows[:, places // columns, places % columns]
    return rows.transpose(0, 1).flatten(1)


def some_places(x: Tensor, count: int, generator: torch.Generator, side: int = SIDE) -> Tensor:
    """The numbers of `count` patches drawn without replacement (of all, where there are fewer).

    Drawn on the generator's device, so one seed draws the same on the CPU and on every GPU.

    Example:
        >>> some_places(torch.rand(1, 3, 9, 8), 99, torch.Generator()).shape
        torch.Size([6])
    """
    total = (x.shape[-2] - side + 1) * (x.shape[-1] - side + 1)
    drawn = torch.randperm(total, generator=generator, device=generator.device)[:count]
    return drawn.to(x.device)


def nearest(ours: Tensor, theirs: Tensor, fair: float | None = None) -> Tensor:
    """For each of our patches (N, D) the number of the most similar of theirs (K, D): (N,).

    With `fair`, each squared distance is divided by ``fair +`` the smallest squared distance that
    anybody has to that patch: one that nobody is like becomes attractive to those who are least
    unlike it (Granot et al., 2022). The smaller, the fairer; None: only similarity counts.

    Example:
        >>> ours, theirs = torch.tensor([[0.0], [0.1], [0.4]]), torch.tensor([[0.0], [1.0]])
        >>> nearest(ours, theirs), nearest(ours, theirs, fair=0.1)  # somebody has to be the 1
        (tensor([0, 0, 0]), tensor([0, 0, 1]))
    """
    # Rows times columns are half the squared distances: |a|^2 / 2 - a b + |b|^2 / 2.
    rows = torch.cat([ours, _half_square(ours), torch.ones_like(ours[:, :1])], 1)
    columns = torch.cat([-theirs, torch.ones_like(theirs[:, :1]), _half_square(theirs)], 1).T
    columns = columns.contiguous()
    if fair is not None:
        closest = torch.full_like(columns[0], torch.inf)
        for few in rows.split(ROWS):
            torch.minimum(closest, (few @ columns).amin(0), out=closest)
        columns = columns / (fair + 2 * closest.clamp_min(0))
    # Written into one tensor: small results kept between large tables would scatter the memory.
    picked = torch.empty(len(ours), dtype=torch.long, device=ours.device)
    for few, place in zip(rows.split(ROWS), picked.split(ROWS)):
        place.copy_((few @ columns).argmin(1))
    return picked


def _half_square(patches: Tensor) -> Tensor:
    return patches.square().sum(1, keepdim=True) / 2


class Crowd:
    """A painting that has forgotten where: patches drawn from it, and a short form to compare.

    Args:
        painting: (1, 3, H, W) in [0, 1].
        keep: at most so many patches are kept, drawn at random.
        parts: how many principal components are compared (of 147 numbers: similar patches are
            found in a fraction of the time); 0: all 147 numbers as they are.
        middle: where patches overlap, the middle of a patch counts more than its rim: by a Gaussian
            of this deviation in pixels. Small is crisp; 1000 makes them all equal.
        generator: the source of chance, for the draw and for the grid of every collage.

    Example:
        >>> painting = torch.rand(1, 3, 40, 40)
        >>> crowd = Crowd(painting, parts=0)
        >>> apart = (crowd.collage(painting) - painting).abs()[..., 7:-7, 7:-7]
        >>> apart.max() < 1e-5  # every patch of it is in the crowd (but for those over its border)
        tensor(True)
    """

    def __init__(self, painting: Tensor, *, keep: int = 10_000, parts: int = 32,
                 middle: float = 1.5, generator: torch.Generator | None = None):  # fmt: skip
        check_picture(painting, "the painting")
        check_count("keep", keep, 1)
        check_count("parts", parts, 0)
        check_positive("middle", middle)
        self.random = generator or torch.Generator().manual_seed(0)
        self.places = some_places(painting, keep, self.random)
        self.patches = cut(painting, self.places)
        self.mean, self.axes = self.patches.mean(0), None
        if 0 < parts < self.patches.shape[1]:
            centred = self.patches - self.mean
            self.axes = torch.linalg.eigh(centred.T @ centred)[1][:, -parts:]
        self.sharp = self.brief(self.patches)
        away = torch.arange(SIDE, device=painting.device) - SIDE // 2
        bell = torch.exp(-((away / middle) ** 2) / 2).to(painting)
        self.weight = torch.outer(bell, bell).flatten()[:, None]  # (49, 1), 1 in the middle

    def brief(self, patches: Tensor) -> Tensor:
        """What is compared of patches (P, 147): their principal components (P, parts)."""
        return patches if self.axes is None else (patches - self.mean) @ self.axes

    def look_alikes(self, painting: Tensor) -> Tensor:
        """The same patches, as another version of the painting (a blurred one, say) shows them."""
        return self.brief(cut(painting, self.places))

    @torch.no_grad()
    def collage(self, x: Tensor, fair: float | None = None, looks: Tensor | None = None, *,
                stride: int = 2) -> Tensor:  # fmt: skip
        """`x` made out of patches of the painting: (1, 3, H, W) -> (1, 3, H, W).

        Args:
            fair: see `nearest`. looks: what x is compared with, if not the patches themselves.
            stride: x is cut at every `stride` pixels, from a corner drawn anew each time (with a
                fixed one the grid would show).
        """
        (height, width), side = x.shape[-2:], SIDE
        down, right = torch.randint(0, stride, (2,), generator=self.random,
                                    device=self.random.device).tolist()  # fmt: skip
        wide = F.pad(x, (side,) * 4, mode="reflect")[..., down:, right:]
        ours = self.brief(F.unfold(wide, side, stride=stride)[0].T)
        picked = nearest(ours, self.sharp if looks is None else looks, fair)
        votes = self.patches[picked].T * self.weight.repeat(3, 1)
        total = F.fold(votes[None], wide.shape[-2:], side, stride=stride)
        heard = self.weight.expand(-1, len(picked)).contiguous()
        heard = F.fold(heard[None], wide.shape[-2:], side, stride=stride)
        top, left = side - down, side - right
        return (total / heard.clamp_min(1e-6))[..., top : top + height, left : left + width]

    def loss(self, x: Tensor, fair: float | None = None, looks: Tensor | None = None) -> Tensor:
        """Half the squared distance to the collage: one number.

        The collage is held still while the gradient is taken, so that is x - collage(x).
        """
        return (x - self.collage(x, fair, looks)).square().sum() / 2


@torch.no_grad()
def distances(x: Tensor, painting: Tensor, *, count: int = 1500, seed: int = 0) -> Both:
    """How far two pictures' patches are from each other, in both directions.

    `strange`: from a patch of x to the most similar one of the painting, on average (coherence:
    are there things in x that the painting does not have?). `left_out`: the way back (completeness:
    does the painting have things that x lacks?). Euclidean distances of 7 x 7 patches, in pixel
    units; both are 0 for the painting itself (Simakov et al., 2008).

    Args:
        x, painting: (1, 3, H, W) in [0, 1], of any two sizes.
        count: of the first crowd so many are drawn (`seed`); they look at all of the other.

    Example:
        >>> flat, painting = torch.zeros(1, 3, 20, 20), torch.zeros(1, 3, 20, 40)
        >>> painting[..., 20:] = 1
        >>> both = distances(flat, painting)  # nothing in it is strange, and half is left out
        >>> both.strange, both.left_out > 5
        (0.0, True)
    """
    check_picture(x, "x")
    check_picture(painting, "the painting")
    check_count("count", count, 1)
    return Both(*(_mean_distance(a, b, count, seed) for a, b in ((x, painting), (painting, x))))


def _mean_distance(ours: Tensor, theirs: Tensor, count: int, seed: int) -> float:
    places = some_places(ours, count, torch.Generator().manual_seed(seed))
    asked, crowd = cut(ours, places), cut(theirs)
    return (asked - crowd[nearest(asked, crowd)]).norm(dim=1).mean().item()


@torch.no_grad()
def used(x: Tensor, painting: Tensor, *, near: float = 0.8, stride: int = 2) -> Tensor:
    """What of the painting is in x again: the pixels of its patches that have a look-alike there.

    Args:
        x, painting: (1, 3, H, W) in [0, 1], of any two sizes.
        near: the largest Euclidean distance of look-alikes (of 147 numbers: 0.8 is 17 of 255
            levels, root mean square). stride: the painting is cut at every `stride` pixels.

    Returns:
        (1, 1, H, W): 1 where the painting is used, 0 where it is not.

    Example:
        >>> flat, painting = torch.zeros(1, 3, 20, 20), torch.zeros(1, 3, 20, 40)
        >>> painting[..., 20:] = 1
        >>> used(flat, painting, stride=1).mean()  # the black half
        tensor(0.5000)
    """
    check_picture(x, "x")
    check_picture(painting, "the painting")
    check_positive("near", near)
    check_count("stride", stride, 1)
    rows, columns = (_every(n - SIDE + 1, stride, x) for n in painting.shape[-2:])
    places = (rows[:, None] * (painting.shape[-1] - SIDE + 1) + columns).flatten()
    asked, crowd = cut(painting, places), cut(x)
    found = (asked - crowd[nearest(asked, crowd)]).norm(dim=1) <= near
    chosen = painting.new_zeros([n - SIDE + 1 for n in painting.shape[-2:]])
    chosen.view(-1)[places] = found.to(chosen)
    wide = F.pad(chosen[None, None], (SIDE - 1,) * 4)
    return F.max_pool2d(wide, SIDE, stride=1)  # a patch marks its 49 pixels


def _every(total: int, stride: int, like: Tensor) -> Tensor:
    """0, stride, 2 stride ... and the last: whole numbers below `total`."""
    steps = torch.arange(0, total - 1, stride, device=like.device)
    return torch.cat([steps, steps.new_tensor([total - 1])])
