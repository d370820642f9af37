# make lab      set up, then open the course in JupyterLab (make lab PORT=9000 for another port)
# make test     set up, then run every test (make test TESTS=tests/test_anatomy.py for some)
# make render   run the notebooks and write them back with outputs (make render NOTEBOOK=path for one)
# make bench    compare with other libraries (benchmarks/)
# make clean    remove .venv and caches
PYTHON ?= python3
PORT ?= 8888
TESTS ?= tests
SETUP = $(PYTHON) tools/setup_env.py
VENV_PYTHON = .venv/bin/python
# Under test two notebooks run side by side, one thread each: more threads than cores are slower.
ONE_THREAD = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: lab test render bench clean

lab:
	@$(SETUP) --lab --port=$(PORT)

test:
	@$(SETUP) --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder $(TESTS)

render:
	@$(SETUP) --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.render $(if $(NOTEBOOK),"$(NOTEBOOK)")

bench:
	@$(SETUP)
	@if [ -f benchmarks/run.sh ]; then $(ONE_THREAD) bash benchmarks/run.sh; \
	else echo "There is no benchmarks/run.sh yet, so there is nothing to compare."; exit 1; fi

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
