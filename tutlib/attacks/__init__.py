"""Moving a picture against a net: each attack is an objective, a ball and a step."""

from tutlib.attacks.camera import Camera, Views, homography, photograph, same_place, still
from tutlib.attacks.candidates import ascend_until_fooled, keep_best
from tutlib.attacks.deepfool import AllTheWay, Nearest, deepfool
from tutlib.attacks.draws import OverDraws, eot
from tutlib.attacks.eight_bit import to_8bit
from tutlib.attacks.gradient import fgsm, pgd, sgd_attack
from tutlib.attacks.jpeg import jpeg, soft_round
from tutlib.attacks.objectives import AwayFrom, Towards, input_gradient, objective_of
from tutlib.attacks.square import square
from tutlib.attacks.universal import universal, universal_by_deepfool

__all__ = [
    "AllTheWay", "AwayFrom", "Camera", "Nearest", "OverDraws", "Towards", "Views",
    "ascend_until_fooled", "deepfool", "eot", "fgsm", "homography", "input_gradient", "jpeg",
    "keep_best", "objective_of", "pgd", "photograph", "same_place", "sgd_attack", "soft_round",
    "square", "still", "to_8bit", "universal", "universal_by_deepfool",
]  # fmt: skip
