"""What the exercises ask, one module for each lesson: lists of (sentence, test) for `check`."""
