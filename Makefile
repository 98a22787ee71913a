# `make help` lists the targets. Variables: PORT LABEL PERSON CONFIG RUN BOARD ENV CORE PYTHON.
# ACCEPT=1 lets `make bench` record figures that are worse than the recorded ones.

PYTHON ?= python3
CONFIG ?= configs/gesture_rocket.yaml
RUN    ?= runs/latest
BOARD  ?= nano33ble
ENV    ?= nano33ble
PORT   ?= auto
LABEL  ?= punch
PERSON ?= me
COUNT  ?= 10

# A variable as one word, whatever is in it: neither make nor the shell reads it. Handed on by the
# environment, make would read it.
unexport PYTHON CONFIG RUN BOARD ENV PORT LABEL PERSON COUNT CORE ACCEPT
quote    = '$(subst ','\'',$(1))'
verbatim = $(call quote,$(value $(1)))

VENV    := .venv
BIN     := $(VENV)/bin
GESTURE := $(BIN)/gesture
STAMP   := $(VENV)/installed
CHARTS  := pipeline/studio/page/vendor/uPlot.esm.js
DEBS    := gcc qemu-system-arm gcc-arm-none-eabi libnewlib-arm-none-eabi clang libclang-rt-dev ccache
INSTALL := apt-get install -y --no-install-recommends $(DEBS)

C_FILES      := $(wildcard firmware/lib/*/*.[ch] firmware/boards/*.h firmware/boards/*/*.[ch] \
                  firmware/boards/*/*.cpp firmware/src/*.[ch] firmware/src/*.cpp \
                  firmware/engines/*/*.cpp firmware/export/*.[chi]* firmware/export/compiled/*.[chi]*)
C_SOURCES    := $(filter-out firmware/lib/no_model/%,$(wildcard firmware/lib/*/*.c))
C_INCLUDES   := $(addprefix -I,$(wildcard firmware/lib/*)) -Ifirmware/boards
C_WARNINGS   := -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Werror

.DEFAULT_GOAL := help
.PHONY: help setup tools page studio demo capture train convert deploy board-build monitor test quick check \
        bench soak results docs wheel hil mutate times lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## create .venv and install everything Python needs

$(STAMP): pyproject.toml requirements.lock
	@$(call verbatim,PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Python 3.10 to 3.13 is needed; name one with: make setup PYTHON=python3.12"; exit 1; }
	@echo "Installing Python packages into $(VENV): some minutes the first time, TensorFlow is large."
	$(call verbatim,PYTHON) -m venv $(VENV)
	$(BIN)/pip install --no-compile --editable '.[dev]' --constraint requirements.lock
	$(GESTURE) setup
	@$(MAKE) --no-print-directory page || echo "Going on without gesture studio: \`make page\` needs npm."
	@touch $@

page: $(CHARTS) ## get the charts of gesture studio from npm

$(CHARTS): pipeline/studio/page/package-lock.json
	npm ci --prefix $(<D) --ignore-scripts --no-audit --no-fund
	mkdir -p $(@D)
	cp $(<D)/node_modules/uplot/dist/uPlot.esm.js $(<D)/node_modules/uplot/dist/uPlot.min.css \
	  $(<D)/node_modules/uplot/LICENSE $(@D)
	rm -rf $(<D)/node_modules
	@touch $@

studio: setup page ## record, train, try and deploy in a browser
	$(GESTURE) studio

tools: ## install QEMU, the Arm compiler and clang, or say the command that does
	@for tool in cc qemu-system-arm arm-none-eabi-gcc clang; do \
	  command -v $$tool >/dev/null || missing=1; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(INSTALL); \
	else echo "QEMU, the Arm compiler or clang is missing. Type this once, then try again:"; \
	  echo "  sudo $(INSTALL)"; exit 1; fi

demo: setup ## train, convert and deploy on the sample data, then watch gestures being called
	@$(MAKE) --no-print-directory tools || echo "Going on: without QEMU the demo uses the native board."
	$(GESTURE) demo

capture: setup ## record takes from a board (PORT= LABEL= PERSON= COUNT=)
	$(GESTURE) capture --port $(call verbatim,PORT) --label $(call verbatim,LABEL) \
	  --person $(call verbatim,PERSON) --count $(call verbatim,COUNT)

train: setup ## train a model (CONFIG=)
	$(GESTURE) train $(call verbatim,CONFIG)

convert: setup ## quantize a run and compile it to C (RUN=)
	$(GESTURE) convert $(call verbatim,RUN)

deploy: setup ## build, upload and prove it (RUN= PORT=; BOARD=virtual without one)
	$(GESTURE) deploy $(call verbatim,RUN) --board $(call verbatim,BOARD) --port $(call verbatim,PORT)

# A run that is named must be there; the usual one is taken where it is.
board-build: setup ## build a real board's image only (CORE=folder of sources, ENV=nano33ble|nano33ble_tflm|sketch RUN=)
	$(if $(value CORE),GESTURE_ARDUINO_CORE=$(call verbatim,CORE)) \
	  $(GESTURE) board build $(call verbatim,ENV) \
	  $(if $(filter-out file,$(origin RUN))$(wildcard $(value RUN)),--run $(call verbatim,RUN))

monitor: setup ## print what a board calls out (PORT=)
	$(GESTURE) monitor --port $(call verbatim,PORT)

test: setup tools page ## run the tests, on QEMU too; the longest are in make soak
	$(BIN)/pytest -n 4 --dist loadgroup -m "not soak"

quick: setup ## what to run before each commit, in a minute: formatting, lints, fast unit tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -q -n 2 --dist loadgroup -m "not slow" tests/unit

check: setup ## formatting, lints, types, import rule, C warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	@for compiler in $(CC) $$(command -v clang || echo $${GESTURE_REQUIRE_TOOLS:+clang}); do \
	  $$compiler $(C_WARNINGS) $(C_INCLUDES) -fsyntax-only $(C_SOURCES) || exit 1; done

bench: setup tools ## measure what docs/results.md reports, but for make soak
	$(BIN)/pytest -q benchmarks
	$(BIN)/python -m benchmarks.engine $(if $(value ACCEPT),--accept)
	$(BIN)/python -m benchmarks.engine_streaming $(if $(value ACCEPT),--accept)
	$(BIN)/python -m benchmarks.engine_foreign
	$(BIN)/python -m benchmarks.engine_int16
	$(BIN)/python -m benchmarks.engine_growth
	$(BIN)/python -m benchmarks.engine_convert
	$(BIN)/python -m benchmarks.engine_proof
	$(BIN)/python -m benchmarks.compile
	$(BIN)/python -m benchmarks.chain
	$(BIN)/python -m benchmarks.baseline
	$(BIN)/python -m benchmarks.recognition
	$(BIN)/python -m benchmarks.house
	$(MAKE) --no-print-directory results

soak: setup tools page ## the longest tests (minutes), what capture and deploy withstand (an hour), the firmware (8 hours of board time), the ablation (an hour), networks compared (some hours), text and series (an hour); with CORE= the real core
	$(BIN)/pytest -n 4 --dist loadgroup -m soak
	$(BIN)/python -m benchmarks.capture
	$(BIN)/python -m benchmarks.capture_fuzz
	$(BIN)/python -m benchmarks.imports
	$(BIN)/python -m benchmarks.studio
	$(BIN)/python -m benchmarks.deploy
	$(BIN)/python -m benchmarks.deploy_soak
	$(BIN)/python -m benchmarks.deploy_faults
	$(BIN)/python -m benchmarks.deploy_export
	$(BIN)/python -m benchmarks.deploy_lines
	$(BIN)/python -m benchmarks.deploy_hil
	$(if $(value CORE),$(BIN)/python -m benchmarks.deploy_core --core $(call verbatim,CORE))
	$(BIN)/python -m benchmarks.deploy_load
	$(BIN)/python -m benchmarks.trust_resampling
	$(BIN)/python -m benchmarks.trust_hostile
	$(BIN)/python -m benchmarks.ablation
	$(BIN)/python -m benchmarks.enrolment
	$(BIN)/python -m benchmarks.enrolment_kept
	$(BIN)/python -m benchmarks.learning
	$(BIN)/python -m benchmarks.recognition_everyday
	$(BIN)/python -m benchmarks.recognition_takes
	$(BIN)/python -m benchmarks.kernel_costs
	$(BIN)/python -m benchmarks.recurrent
	$(BIN)/python -m benchmarks.zoo
	$(BIN)/python -m benchmarks.zoo_deals
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.scale_day
	$(BIN)/python -m benchmarks.sequence
	$(BIN)/python -m benchmarks.sequence_deployed
	$(BIN)/python -m benchmarks.sequence_weather
	$(BIN)/python -m benchmarks.sketch
	$(BIN)/python -m benchmarks.sketch_deployed
	$(BIN)/python -m benchmarks.caption
	$(BIN)/python -m benchmarks.translation
	$(BIN)/python -m benchmarks.search spells
	$(BIN)/python -m benchmarks.search uhh_imu
	$(BIN)/python -m benchmarks.trust_disks
	$(BIN)/python -m benchmarks.trust_foreign
	$(BIN)/python -m benchmarks.trust_swapped
	$(BIN)/python -m benchmarks.trust_widths
	$(BIN)/python -m benchmarks.trust_writers
	$(BIN)/python -m benchmarks.trust_kills
	$(MAKE) --no-print-directory results

results: setup ## render docs/results.md from benchmarks/results
	$(BIN)/python -m benchmarks.render

docs: $(VENV)/documented ## build the documentation site into build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open build/site/index.html, or run $(BIN)/python -m mkdocs serve for a site with search."

$(VENV)/documented: $(STAMP)
	$(BIN)/pip install --no-compile --editable '.[docs]' --constraint requirements.lock
	@touch $@

wheel: setup page ## build a wheel into dist/, which installs on any computer
	rm -rf build/lib build/bdist.*
	$(BIN)/pip wheel --no-deps --wheel-dir dist .

hil: setup ## hardware-in-the-loop tests on a real board (PORT=id:SERIAL RUN=)
	$(BIN)/pytest tests/hil/test_corpus.py -m hil --board nano33ble --run $(call verbatim,RUN) \
	  --serial-number $(call quote,$(patsubst id:%,%,$(filter id:%,$(value PORT))))

mutate: setup tools ## make small faults in the code, and count how many the tests notice (10 minutes)
	$(BIN)/python -m benchmarks.house_mutate

times: setup ## measure how long .ci/run and make quick take; leave the machine alone meanwhile
	$(BIN)/python -m benchmarks.house_time

lock: ## write requirements.lock again from pyproject.toml
	$(call verbatim,PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile pyproject.toml --quiet --extra dev --extra docs --universal \
	  --python-version 3.10 --no-emit-package tflite-micro --no-annotate \
	  --custom-compile-command "make lock" --output-file requirements.lock

clean: ## remove what was built; runs, recordings and .venv stay
	rm -rf .pio .platformio build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	rm -rf runs/*/build
