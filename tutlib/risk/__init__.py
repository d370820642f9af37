"""How often a net is wrong, untouched and attacked, and how sure we may be of the number."""

from tutlib.risk.diagnose import Diagnosis, diagnose
from tutlib.risk.estimates import Estimate, bootstrap, wilson, worst_case
from tutlib.risk.fooled import fooled
from tutlib.risk.linearity import (
    along,
    along_weights,
    as_long_as,
    random_weights,
    straightness,
)
from tutlib.risk.risk import (
    RiskCurve,
    adversarial_risk,
    attack_name,
    evaluate,
    per_picture,
    risk,
    risk_curve,
)
from tutlib.risk.strongest import Strongest, strongest

__all__ = [
    "Diagnosis", "Estimate", "RiskCurve", "Strongest", "adversarial_risk", "along", "along_weights",
    "as_long_as", "attack_name", "bootstrap", "diagnose", "evaluate", "fooled", "per_picture",
    "random_weights", "risk", "risk_curve", "straightness", "strongest", "wilson", "worst_case",
]  # fmt: skip
