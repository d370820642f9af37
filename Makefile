# Every task stands in tools/make.py, which Windows calls itself: `py -m tools.make test`. There a
# line for each says what it does and what it can be told; `make help` shows them.
# What stands behind it on the command line (make lab PORT=9000) reaches it by the environment.
PYTHON ?= python3
TASKS = lab test check gpu render book slides mutants torture bench clean

.PHONY: $(TASKS) help

$(TASKS):
	@$(PYTHON) -m tools.make $@

help:
	@$(PYTHON) -m tools.make
