"""Print, photograph, crop: a camera that a gradient can look through."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from tutlib.attacks.jpeg import jpeg
from tutlib.check.inputs import check_count, check_pictures, device_of

FOCAL = 3.0  # how far away the camera stands, in half widths of the sheet
STILL = {"zoom": 1.0, "light": 1.0, "quality": 0.0}  # what changes nothing; all else: 0


@dataclass(frozen=True)
class Views:
    """How N photos of a flat sheet are taken. Every field is a tensor of N numbers.

    turn, nod, roll: the sheet turned about its upright axis, its level axis, and in its plane
    (radians). zoom: 1 lets the sheet fill the photo. right, down: where its middle is, in half
    widths of the photo. blur: standard deviation of a Gaussian, in hundredths of the photo's
    width. light: everything times this. warmth: red times (1 + warmth), blue times (1 - warmth).
    haze: stray light that lifts black. noise: the sensor's standard deviation (1.0 is white).
    quality: of the JPEG, 1 to 100; 0 writes none. ground: how bright the table around the sheet
    is. seed: which noise.

    Example:
        >>> still(2).zoom
        tensor([1., 1.])
    """

    turn: Tensor
    nod: Tensor
    roll: Tensor
    zoom: Tensor
    right: Tensor
    down: Tensor
    blur: Tensor
    light: Tensor
    warmth: Tensor
    haze: Tensor
    noise: Tensor
    quality: Tensor
    ground: Tensor
    seed: Tensor

    def __len__(self) -> int:
        return len(self.turn)

    def rows(self, keep) -> Views:
        """Some of the views."""
        return Views(*(getattr(self, f.name)[keep] for f in fields(self)))

    def to(self, device) -> Views:
        """The same views, on another device."""
        return Views(*(getattr(self, f.name).to(device) for f in fields(self)))


def still(count: int = 1, **changed: float | Tensor) -> Views:
    """Views that change nothing, but for what is named: ``still(roll=0.3)``.

    Raises:
        ValueError: for a name that no view has.

    Example:
        >>> x = torch.rand(1, 3, 16, 16)
        >>> torch.allclose(photograph(x, still()), x, atol=1e-5)
        True
    """
    check_count("count", count, 1)
    names = [f.name for f in fields(Views)]
    if unknown := set(changed) - set(names):
        raise ValueError(f"a view has no {sorted(unknown)}; change one of {', '.join(names)}.")
    values = dict.fromkeys(names, 0.0) | STILL | changed
    return Views(*(torch.as_tensor(values[name], dtype=torch.float).expand(count)
                   for name in names))  # fmt: skip


@dataclass(frozen=True)
class Camera:
    """How far the views of a hand-held camera are spread; every number is the largest swing.

    Draw views from it with `views`, or call it: each picture gets a new view of its own.

    Args:
        turn, nod, roll: radians to either side. zoom: from the first to the second number.
        shift: to any side, in half widths. blur, haze, noise: from 0 to this (`Views` says in what
        units). light: from the first to the second. warmth: to either side. quality: of the JPEG,
        from the first to the second.

    Example:
        >>> camera = Camera(roll=0.5)
        >>> camera.views(3, torch.Generator().manual_seed(0)).roll.abs().max() <= 0.5
        tensor(True)
    """

    turn: float = 0.5
    nod: float = 0.4
    roll: float = 0.25
    zoom: tuple[float, float] = (0.8, 1.1)
    shift: float = 0.08
    blur: float = 0.5
    light: tuple[float, float] = (0.75, 1.15)
    warmth: float = 0.1
    haze: float = 0.08
    noise: float = 0.02
    quality: tuple[float, float] = (50.0, 95.0)

    def __post_init__(self) -> None:
        for name in ("zoom", "light", "quality"):
            ends = getattr(self, name)
            if not (isinstance(ends, tuple) and len(ends) == 2 and 0 <= ends[0] <= ends[1]):
                raise ValueError(f"{name} goes from a number to one not below it, as in "
                                 f"{name}=(0.5, 1.0), and this is {ends!r}.")  # fmt: skip
        for name in ("turn", "nod", "roll", "shift", "blur", "warmth", "haze", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is the largest swing, 0 or more, and this is "
                                 f"{getattr(self, name)}.")  # fmt: skip

    def views(self, count: int, generator: torch.Generator | None = None) -> Views:
        """`count` views at random; without a generator, from torch's own dice."""
        check_count("count", count, 1)
        home = device_of(generator)
        dice = torch.rand(14, count, generator=generator, device=home).cpu()
        swing = 2 * dice - 1
        between = lambda ends, row: ends[0] + (ends[1] - ends[0]) * dice[row]  # noqa: E731
        return Views(
            turn=self.turn * swing[0], nod=self.nod * swing[1], roll=self.roll * swing[2],
            zoom=between(self.zoom, 3), right=self.shift * swing[4], down=self.shift * swing[5],
            blur=self.blur * dice[6], light=between(self.light, 7), warmth=self.warmth * swing[8],
            haze=self.haze * dice[9], noise=self.noise * dice[10],
            quality=between(self.quality, 11), ground=0.2 + 0.6 * dice[12],
            seed=(2**31 * dice[13].double()).long(),
        )  # fmt: skip

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Each picture of `x` (N, C, H, W), photographed from a new view."""
        return photograph(x, self.views(len(x), generator))


def photograph(x: Tensor, views: Views, table: Tensor | None = None) -> Tensor:
    """What the camera returns: geometry, blur, light, sensor noise, JPEG, in this order.

    Args:
        x: flat sheets (N, 3, H, H) in [0, 1], square, or one (1, 3, H, H) for all views.
        views: as many as sheets.
        table: what lies around the sheets, (N, 3, H, H); None: plain grey, see `Views`.

    Returns:
        Photos (N, 3, H, H) in [0, 1], with a gradient back to `x`; it ends only at pixels that the
        sensor clipped to black or white.

    Raises:
        ValueError, TypeError: wrong range or shape, not as many views as sheets, or a view in
            which no sheet can be seen (zoom 0, or turned by a right angle).

    Example:
        >>> white = torch.ones(1, 3, 8, 8)
        >>> photograph(white, still(light=0.5)).mean()
        tensor(0.5000)
    """
    check_pictures(x)
    if x.dim() != 4 or x.shape[1] != 3 or x.shape[2] != x.shape[3]:
        raise ValueError(f"the camera takes square sheets (N, 3, H, H), not {tuple(x.shape)}.")
    if len(x) not in (1, len(views)):
        raise ValueError(f"as many views as sheets are needed: {len(views)} for {len(x)}.")
    edge_on = torch.maximum(views.turn.abs(), views.nod.abs()).max() >= math.pi / 2
    if edge_on or not bool((views.zoom > 0).all()):
        raise ValueError("a sheet is seen from less than a right angle (turn, nod) and with a "
                         "zoom above 0; at least one of these views has none to show.")  # fmt: skip
    if table is not None:
        check_pictures(table)
    views = views.to(x.device)
    photo = lit(blurred(seen(x.expand(len(views), -1, -1, -1), views, table), views), views)
    photo = (photo + grain(photo, views)).clamp(0, 1)
    file = views.quality > 0
    if not file.any():
        return photo
    written = jpeg(photo, torch.where(file, views.quality, 100.0))
    return torch.where(file.view(-1, 1, 1, 1), written, photo)


def homography(views: Views) -> Tensor:
    """Where points of the sheet appear: matrices (N, 3, 3) for (a, b, 1), a and b in [-1, 1].

    The sheet is turned by a rotation R and looked at from FOCAL half widths away, so that the
    point (a, b) is seen at (p, q) / (FOCAL + r), with (p, q, r) = R (a, b, 0).

    Example:
        >>> homography(still())[0] / FOCAL
        tensor([[1., 0., 0.],
                [0., 1., 0.],
                [0., 0., 1.]])
    """
    turn, nod, roll = views.turn, views.nod, views.roll
    zero, one = torch.zeros_like(turn), torch.ones_like(turn)
    rows = lambda *numbers: torch.stack(numbers, 1).view(-1, 3, 3)  # noqa: E731
    about_y = rows(turn.cos(), zero, turn.sin(), zero, one, zero, -turn.sin(), zero, turn.cos())
    about_x = rows(one, zero, zero, zero, nod.cos(), -nod.sin(), zero, nod.sin(), nod.cos())
    in_plane = rows(roll.cos(), -roll.sin(), zero, roll.sin(), roll.cos(), zero, zero, zero, one)
    (p, q, r) = (about_y @ about_x @ in_plane).unbind(1)
    at = lambda row, far: torch.cat([row[:, :2], far[:, None]], 1)  # noqa: E731
    ahead = at(r, FOCAL * one)
    scale = (FOCAL * views.zoom)[:, None]
    across = scale * at(p, zero) + views.right[:, None] * ahead
    below = scale * at(q, zero) + views.down[:, None] * ahead
    return torch.stack([across, below, ahead], 1)


def seen(x: Tensor, views: Views, table: Tensor | None = None) -> Tensor:
    """The sheets (N, 3, H, H) as a pinhole camera sees them, and a table around them.

    For every pixel of the photo: which point of the sheet is there? The inverse homography says
    it, and the four pixels around that point are mixed.
    """
    size = x.shape[-1]
    middle = (torch.arange(size, dtype=x.dtype, device=x.device) + 0.5) * (2 / size) - 1
    v, u = torch.meshgrid(middle, middle, indexing="ij")
    rays = torch.stack([u, v, torch.ones_like(u)], -1).view(-1, 3)
    back = torch.linalg.inv(homography(views).double()).to(x.dtype)
    found = rays @ back.transpose(1, 2)
    grid = (found[..., :2] / found[..., 2:]).view(-1, size, size, 2)
    inside = (size / 2 * (1 - grid.abs()) + 0.5).clamp(0, 1).prod(-1)[:, None]
    sheet = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    around = views.ground.view(-1, 1, 1, 1) if table is None else table
    return inside * sheet + (1 - inside) * around


def blurred(x: Tensor, views: Views) -> Tensor:
    """Each picture under a Gaussian of its own width, first along one axis, then the other."""
    sigma = views.blur * (x.shape[-1] / 100)
    reach = int(torch.ceil(3 * sigma.max()))
    if reach == 0:
        return x
    reach = min(reach, x.shape[-1] - 1)
    steps = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    narrow = torch.finfo(x.dtype).tiny ** 0.25  # a width of 0 leaves the middle alone
    near = steps.abs() <= torch.ceil(3 * sigma)[:, None]  # whatever else is in the batch
    weights = near * torch.exp(-0.5 * (steps / sigma.clamp_min(narrow)[:, None]) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    count, channels = x.shape[:2]
    flat = F.pad(x, [reach] * 4, mode="reflect").flatten(0, 1)[None]
    kernel = weights.repeat_interleave(channels, 0)[:, None]
    flat = F.conv2d(flat, kernel[:, :, None], groups=count * channels)
    flat = F.conv2d(flat, kernel[..., None], groups=count * channels)
    return flat[0].unflatten(0, (count, channels))


def lit(x: Tensor, views: Views) -> Tensor:
    """Stray light, the strength of the light and its colour: each channel a straight line."""
    cast = torch.stack([1 + views.warmth, torch.ones_like(views.warmth), 1 - views.warmth], 1)
    haze = views.haze.view(-1, 1, 1, 1)
    return (haze + (1 - haze) * x) * (views.light[:, None] * cast)[..., None, None]


def grain(x: Tensor, views: Views) -> Tensor:
    """The sensor's noise, the same for the same seeds (N, 3, H, W)."""
    noise = [torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(seed))
             for seed in views.seed.long().tolist()]  # fmt: skip
    return views.noise.view(-1, 1, 1, 1) * torch.stack(noise).to(x)


def same_place(views: Views) -> Views:
    """The same light, noise and file, but the sheet exactly in its place: a perfect crop.

    Example:
        >>> same_place(still(roll=0.3, light=0.5)).roll
        tensor([0.])
    """
    zero = torch.zeros_like(views.turn)
    return replace(views, turn=zero, nod=zero, roll=zero, right=zero, down=zero, zoom=zero + 1)
