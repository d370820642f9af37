"""tutlib beside the attack libraries people use, measured in one run, on the bundled shelf."""
