# make lab      set up, then open the course in JupyterLab (make lab PORT=9000 for another port)
# make test     set up, then run every test (make test TESTS=tests/test_anatomy.py for some), and
#               `make gpu`
# make check    set up, then ruff, anatomy and the tests that a change can reach, in two minutes; for
#               every day (make check BASE=HEAD~3 for another commit to compare with)
# make gpu      set up, then run what a GPU could change, on a GPU: a pretended one if there is none
# make render   run the notebooks and write them back with outputs (make render NOTEBOOK=path for one)
# make book     make the book of the course, a static site: build/book/index.html
# make slides   make a lecture of every lesson: build/slides/index.html
# make mutants  change the code in small ways: do the tests notice? (make mutants MUTANTS=tutlib/balls.py)
# make torture  wrong input by the thousand: nothing may pass in silence (make torture TORTURE=5000)
# make bench    compare with other libraries (benchmarks/)
# make clean    remove .venv and caches
PYTHON ?= python3
PORT ?= 8888
TESTS ?= tests
JOBS ?= 2
TORTURE ?= 1000
SETUP = $(PYTHON) tools/setup_env.py
VENV_PYTHON = .venv/bin/python
# Under test two notebooks run side by side, one thread each: more threads than cores are slower.
ONE_THREAD = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
PYTEST = $(ONE_THREAD) $(VENV_PYTHON) -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

.PHONY: lab test check gpu render book slides mutants torture bench clean

lab:
	@$(SETUP) --lab --port=$(PORT)

# Exit status 5: some tests run only without a GPU and some only with one; TESTS may name just such.
test:
	@$(SETUP) --extra test --extra book
	@$(PYTEST) $(TESTS) || test $$? -eq 5
	@$(MAKE) gpu

check:
	@$(SETUP) --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.changed $(BASE)

gpu:
	@$(SETUP) --extra test
	@$(PYTEST) -p tests.pretend_gpu $(TESTS) || test $$? -eq 5

render:
	@$(SETUP) --extra test
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.render $(if $(NOTEBOOK),"$(NOTEBOOK)")

book:
	@$(SETUP) --extra book
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.book

slides:
	@$(SETUP) --extra book
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.slides

mutants:
	@$(SETUP) --extra test --extra mutants
	@$(ONE_THREAD) $(VENV_PYTHON) -m tools.mutants --jobs $(JOBS) $(MUTANTS)

torture:
	@$(SETUP) --extra test
	@TORTURE=$(TORTURE) $(ONE_THREAD) $(VENV_PYTHON) -m pytest -q tests/test_torture.py tests/test_downloads.py

bench:
	@$(SETUP)
	@if [ -f benchmarks/run.sh ]; then $(ONE_THREAD) bash benchmarks/run.sh; \
	else echo "There is no benchmarks/run.sh yet, so there is nothing to compare."; exit 1; fi

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
