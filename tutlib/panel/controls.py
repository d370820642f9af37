"""What a reader can move in a panel, as plain data.

Nothing here knows a widget or a browser: `live.py` turns a control into a live widget, `frozen.py`
turns it into a native slider or drop-down of a page without a kernel. Every control has

    name      the key in the state dict that `compute(state)` receives
    label     what stands beside it (default: the name)
    help      one sentence, shown as a tooltip
    value     where it starts
    text(v)   the value as a reader sees it
    check(v)  the value, cleaned; raises ValueError with one sentence
"""

import hashlib
import itertools
from dataclasses import dataclass, field

MAX_STOPS = 400


def _plain(value):
    """A number as a person writes it: 0.1, not 0.1000000000001."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


@dataclass
class Control:
    name: str
    label: str = field(default="", kw_only=True)
    help: str = field(default="", kw_only=True)
    format: str = field(default="{}", kw_only=True)

    def __post_init__(self):
        self.label = self.label or self.name

    def text(self, value):
        return self.format.format(_plain(value))

    def key(self, value):
        """What identifies a value in the cache."""
        return value

    def check(self, value):
        return value


@dataclass
class Slider(Control):
    """Stops in a row: `Slider("eps", stops=[0, 1, 2], format="{}/255")`, or `min, max, step`.

    With `play=True` it has buttons that let it run from stop to stop, step by one, go back.
    """

    stops: list = None
    value: float = None
    min: float = None
    max: float = None
    step: float = 1
    play: bool = field(default=False, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.stops is None:
            self.stops = self._spread()
        self.stops = list(self.stops)
        if not self.stops:
            raise ValueError(f"the slider {self.name!r} has no stops: name at least one")
        self.value = self.stops[0] if self.value is None else self.check(self.value)

    def _spread(self):
        if self.min is None or self.max is None:
            raise ValueError(f"the slider {self.name!r} needs stops=[...], or min= and max=")
        if self.step <= 0 or self.max < self.min:
            raise ValueError(f"the slider {self.name!r} needs step > 0 and max >= min")
        count = int((self.max - self.min) / self.step + 1e-9) + 1
        if count > MAX_STOPS:
            raise ValueError(
                f"the slider {self.name!r} would have {count} stops: at most {MAX_STOPS}; "
                "choose a larger step"
            )
        whole = all(isinstance(n, int) for n in (self.min, self.step))
        stops = (self.min + i * self.step for i in range(count))
        return [stop if whole else round(stop, 10) for stop in stops]

    def check(self, value):
        for stop in self.stops:
            if abs(stop - value) <= 1e-9 * (1 + abs(stop)):
                return stop
        shown = ", ".join(_plain(stop) for stop in self.stops[:8])
        dots = ", ..." if len(self.stops) > 8 else ""
        raise ValueError(f"{self.name} must be one of {shown}{dots}; got {value!r}")


@dataclass
class Choice(Control):
    """A drop-down: `Choice("target", ["airliner", "wombat"])`; a dict maps words to values."""

    options: list | dict = None
    value: object = None

    def __post_init__(self):
        super().__post_init__()
        if not self.options:
            raise ValueError(f"the choice {self.name!r} has no options: name at least one")
        pairs = self.options.items() if isinstance(self.options, dict) else None
        self.options = list(pairs) if pairs else [(_plain(o), o) for o in self.options]
        self.value = self.options[0][1] if self.value is None else self.check(self.value)

    def text(self, value):
        return next(shown for shown, option in self.options if option == value)

    def check(self, value):
        if all(value != option for _, option in self.options):
            shown = ", ".join(repr(option) for _, option in self.options)
            raise ValueError(f"{self.name} must be one of {shown}; got {value!r}")
        return value


@dataclass
class Toggle(Control):
    """A tick box."""

    value: bool = False

    def text(self, value):
        return "on" if value else "off"

    def check(self, value):
        if not isinstance(value, bool):
            raise ValueError(f"{self.name} must be True or False; got {value!r}")
        return value


@dataclass
class Text(Control):
    """A line of words; the change counts when the reader presses Enter or leaves the field."""

    value: str = ""
    placeholder: str = field(default="", kw_only=True)

    def check(self, value):
        if not isinstance(value, str):
            raise ValueError(f"{self.name} must be words (a str); got {value!r}")
        return value


@dataclass
class Upload(Control):
    """A picture file of the reader's own: `None` until there is one, then its bytes. Live only.

    `back` is what the button says that takes it away again; `question` is asked about it, and the
    picture hides until the reader has guessed anew.
    """

    value: bytes = None
    accept: str = field(default="image/*", kw_only=True)
    back: str = field(default="Take it away", kw_only=True)
    question: str = field(default="", kw_only=True)

    def text(self, value):
        return "none yet" if value is None else "your own"

    def key(self, value):
        return None if value is None else hashlib.sha256(value).hexdigest()

    def check(self, value):
        if value is not None and not isinstance(value, bytes):
            raise ValueError(f"{self.name} must be the bytes of a file, or None; got {type(value)}")
        return value


@dataclass
class Pad(Control):
    """A point to drag in the rectangle `x=(low, high)`, `y=(low, high)` (y grows upwards).

    Its value is the pair (x, y). `names` label the two coordinates; `step` is what an arrow key
    moves (default: a twentieth of each side); `background`, PNG bytes, lies under the point.
    """

    x: tuple = (0.0, 1.0)
    y: tuple = (0.0, 1.0)
    value: tuple = None
    names: tuple = field(default=("x", "y"), kw_only=True)
    step: tuple = field(default=None, kw_only=True)
    background: bytes = field(default=None, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        for low, high in (self.x, self.y):
            if not low < high:
                raise ValueError(f"the pad {self.name!r} needs low < high; got ({low}, {high})")
        self.step = self.step or tuple((high - low) / 20 for low, high in (self.x, self.y))
        middle = tuple((low + high) / 2 for low, high in (self.x, self.y))
        self.value = middle if self.value is None else self.check(self.value)

    def text(self, value):
        return ", ".join(f"{n} {_plain(float(v))}" for n, v in zip(self.names, value))

    def check(self, value):
        point = tuple(round(float(v), 10) for v in value)
        for name, v, (low, high) in zip(self.names, point, (self.x, self.y)):
            if not low <= v <= high:
                raise ValueError(
                    f"{self.name}: {name} must be from {_plain(low)} to {_plain(high)}; got {v}"
                )
        return point


def start(controls):
    """The state a panel begins in: every control at its own value."""
    return {control.name: control.value for control in controls}


def complete(controls, partial):
    """A whole, checked state: what `partial` names, and the start for the rest."""
    known = {control.name: control for control in controls}
    for name in partial:
        if name not in known:
            names = ", ".join(known) or "none"
            raise ValueError(f"there is no control {name!r}; there are: {names}")
    return start(controls) | {name: known[name].check(v) for name, v in partial.items()}


def states(controls, wanted):
    """Whole states from a list of partial ones, or from a dict of lists (their product)."""
    if wanted is None:
        wanted = _thinned(controls)
    if isinstance(wanted, dict):
        wanted = [dict(zip(wanted, row)) for row in itertools.product(*wanted.values())]
    whole = [complete(controls, partial) for partial in wanted]
    return [state for i, state in enumerate(whole) if state not in whole[:i]]


def _thinned(controls, count=8):
    """Where nothing was named: up to `count` stops of the first slider or drop-down."""
    for control in controls:
        if isinstance(control, Slider | Choice):
            slider = isinstance(control, Slider)
            values = control.stops if slider else [option for _, option in control.options]
            last = len(values) - 1
            places = {round(i * last / (count - 1)) for i in range(count)} | {0}
            places |= {values.index(control.value)} if len(values) <= count else set()
            return [{control.name: values[i]} for i in sorted(places)]
    return [{}]


def in_words(controls, state, only=None):
    """A state in a line: "eps 2/255, target airliner"."""
    named = (c for c in controls if only is None or c.name in only)
    return ", ".join(f"{c.label} {c.text(state[c.name])}" for c in named)
