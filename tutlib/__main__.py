"""`python -m tutlib`."""

from tutlib.cli import main

raise SystemExit(main())
