"""What pyproject.toml cannot say: in a wheel, what ships with the course lies inside the package.

In a clone it stays in `data/`, where people look for it; `tutlib.assets.DATA` finds either.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = Path("data")
SHIPS = ("*.safetensors", "*.json", "README.md", "things/*.webp")  # the cover is for readers alone


class WithData(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            for path in (path for pattern in SHIPS for path in sorted(DATA.glob(pattern))):
                target = Path(self.build_lib, "tutlib", path)
                self.mkpath(str(target.parent))
                self.copy_file(str(path), str(target))


setup(cmdclass={"build_py": WithData})
