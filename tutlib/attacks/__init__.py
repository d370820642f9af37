"""Moving a picture against a net: each attack is an objective, a ball and a step."""

from tutlib.attacks.auto import Halving, apgd, apgd_targeted
from tutlib.attacks.camera import Camera, Views, homography, photograph, same_place, still
from tutlib.attacks.candidates import ascend_until_fooled, keep_best
from tutlib.attacks.deepfool import AllTheWay, Nearest, deepfool
from tutlib.attacks.draws import OverDraws, eot
from tutlib.attacks.eight_bit import to_8bit
from tutlib.attacks.gradient import fgsm, pgd, sgd_attack
from tutlib.attacks.jpeg import jpeg, soft_round
from tutlib.attacks.margins import Score, logit_ratio, third_wish
from tutlib.attacks.minimal import Bargain, Breathing, carlini_wagner, ddn
from tutlib.attacks.objectives import AwayFrom, Towards, input_gradient, objective_of
from tutlib.attacks.square import square
from tutlib.attacks.straight import straight_through
from tutlib.attacks.universal import universal, universal_by_deepfool

__all__ = [
    "AllTheWay", "AwayFrom", "Bargain", "Breathing", "Camera", "Halving", "Nearest", "OverDraws",
    "Score", "Towards", "Views", "apgd", "apgd_targeted", "ascend_until_fooled", "carlini_wagner",
    "ddn", "deepfool", "eot", "fgsm", "homography", "input_gradient", "jpeg", "keep_best",
    "logit_ratio", "objective_of", "pgd", "photograph", "same_place", "sgd_attack", "soft_round",
    "square", "still", "straight_through", "third_wish", "to_8bit", "universal",
    "universal_by_deepfool",
]  # fmt: skip
