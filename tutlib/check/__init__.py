"""Every sentence is proved: claims, exercises, and one clear sentence for wrong input."""

from tutlib.check.claims import ClaimError, claim, seed
from tutlib.check.exercises import Checks, exercise

__all__ = ["Checks", "ClaimError", "claim", "exercise", "seed"]
