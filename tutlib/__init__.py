"""The Picture Is the Parameter: hold the weights still and move the picture.

Start with three nouns: an objective (`attacks`, `style`, ...), a ball (`balls`), a step
(`descent`).
"""

__version__ = "0.3.0"
