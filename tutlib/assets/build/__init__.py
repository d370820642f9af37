"""How every bundled file is made: rendered, trained and measured, from a seed."""

from tutlib.assets.build.record import make

__all__ = ["make"]
