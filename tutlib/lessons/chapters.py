"""The chapters by number: what a list of lessons is divided by."""

CHAPTERS = {
    "1": "Introduction",
    "2": "Targeted attacks",
    "3": "Adversarial risk",
    "4": "Adversarial training",
    "5": "GANs",
    "6": "Style transfer",
}
