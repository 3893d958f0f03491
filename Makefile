# Each target does its own set-up: a virtual environment in .venv/, made once and
# again when the requirements change. PYTHON=python3.12 make test picks another Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Python's own pip may be years old, and takes twice as long to choose the same files.
# TORCH chooses a build of PyTorch: the line that its site shows for pip ("pip3 install
# torch --index-url ..."), or the path of a wheel. It is remembered in .venv/, and the hub
# takes it for its environments.
TORCH_BEFORE := $(shell cat $(VENV)/.torch 2>/dev/null)
TORCH ?= $(TORCH_BEFORE)
TORCH_WORDS := $(filter-out pip pip3 install torchvision torchaudio,$(TORCH))
export UNROLLED_TORCH := $(TORCH_WORDS)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

SAYING := sh .ci/saying
# In build/ also lie copies of the gradebook, earlier terms and archives: these stay.
REMADE := $(addprefix build/,demo lessons rendered results)

.PHONY: anew help demo test lab hub verify mutants clean

help:
	@echo "make demo    a whole class: build, hand in, grade, feedback, Canvas file (build/demo/)"
	@echo "make test    all tests, with all set-up"
	@echo "make lab     JupyterLab on the released notebooks"
	@echo "make hub     JupyterHub for a class on this machine (Debian or Ubuntu, as root)"
	@echo "make verify  prove the hidden tests: every misconception, every correct style"
	@echo "make mutants small changes to the code, each of which a test must notice"
	@echo "TORCH=...    with any of them: another build of PyTorch (README.md)"
	@echo "make clean   remove .venv/ and what is made again in build/; copies and terms stay"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) pip
	$(if $(TORCH_WORDS),$(INSTALL) --no-deps $(TORCH_WORDS))
	$(INSTALL) --no-compile -e '.[grading,dev]'
	@$(BIN)/python -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib || true
	@printf '%s' "$$UNROLLED_TORCH" >$(VENV)/.torch
	@touch $@

ifneq ($(TORCH_WORDS),$(TORCH_BEFORE))
$(READY) $(VENV)/.ready-hub: anew
endif
anew:

demo: $(READY)
	$(BIN)/unrolled build
	$(BIN)/unrolled demo

test: $(READY)
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

lab: $(READY)
	$(BIN)/unrolled build
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/jupyter lab --ServerApp.root_dir=release

# A hub needs less than its developers: an environment that has all is good enough.
HUB_READY := $(if $(wildcard $(READY)),$(READY),$(VENV)/.ready-hub)
$(VENV)/.ready-hub: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(SAYING) "making .venv/" $(PYTHON) -m venv --clear $(VENV)
	@$(SAYING) "installing pip" $(INSTALL) pip
	@$(if $(TORCH_WORDS),$(SAYING) "installing PyTorch" $(INSTALL) --no-deps $(TORCH_WORDS))
	@$(SAYING) "installing what the hub needs" $(INSTALL) -e '.[grading,hub]'
	@printf '%s' "$$UNROLLED_TORCH" >$(VENV)/.torch
	@touch $@

hub: $(HUB_READY)
	$(BIN)/unrolled hub

verify: $(READY)
	$(BIN)/unrolled verify

mutants: $(READY)
	$(BIN)/python tests/mutants/run.py $(ARGS)

clean:
	rm -rf $(VENV) $(REMADE)
	@rmdir build 2>/dev/null || test ! -d build || echo "left, as nothing makes it again: $$(echo build/*)"
