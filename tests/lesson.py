"""A notebook's exercises, taken from the notebook as it stands: solution in, verdict out."""

import math
import re

import nbformat
import torch
from torch.nn import functional as F

from tools import notebooks
from tutlib import check


class Lesson:
    """The exercises of one notebook, in order (`path` counts from the notebooks' folder)."""

    def __init__(self, path):
        self.cells = nbformat.read(notebooks.FOLDER / path, as_version=4).cells
        self.places = [i for i, c in enumerate(self.cells) if "check.exercise(" in c.source]

    def try_answer(self, number, code):
        """Run the check cell with `answer = None` replaced by `code`: did every check pass?"""
        source = self.cells[self.places[number]].source
        assert source.count("answer = None\n") == 1
        verdicts = []

        class Recorder:
            @staticmethod
            def exercise(answer, checks):
                verdicts.append(check.exercise(answer, checks))

        torch.manual_seed(0)
        space = {"torch": torch, "F": F, "math": math, "check": Recorder}
        exec(source.replace("answer = None\n", code + "\n"), space)
        return verdicts == [True]

    def solution(self, number):
        """The code folded away under "Solution" in the exercise's text."""
        text = self.cells[self.places[number] - 1].source
        return re.findall(r"```python\n(.*?)```", text, flags=re.S)[-1].strip()

    def try_solution(self, number):
        return self.try_answer(number, self.solution(number))
