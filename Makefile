# Each verb installs what it needs first. `make` alone lists them.
# Give a program more arguments with ARGS: make test ARGS=libs/storage

.DEFAULT_GOAL := help
.PHONY: help install build servers generate manifests kubernetes run cluster test test-unit test-integration test-e2e test-faults test-simulation test-k8s check bench bench-sharded image image-rootfs

INSTALLED := node_modules/.package-lock.json
BUILT := dist/kcp-ts.js

# npm brings the Node this project is pinned to; from then on it comes before any other.
PINNED = PATH="$$(echo $(CURDIR)/node_modules/node-*/bin):$(CURDIR)/node_modules/.bin:$$PATH"

# Where a kubectl may be: PATH and the usual places of the Google Cloud SDK.
KUBECTLS = "$$(command -v kubectl)" /usr/lib/google-cloud-sdk/bin/kubectl* /opt/google-cloud-sdk/bin/kubectl* "$$HOME"/google-cloud-sdk/bin/kubectl*

help: ## List the verbs
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: $(INSTALLED) ## Install dependencies, if they are older than the lock file

$(INSTALLED): package-lock.json
	@command -v npm >/dev/null || { echo 'npm is needed, with any Node from 20 on (Debian: apt-get install nodejs npm)' >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

build: $(BUILT) ## Make each program in one piece in dist/, where bin/ finds it; a source that is newer is run instead

$(BUILT): $(INSTALLED) $(shell find libs services tools -name node_modules -prune -o -name '*.ts' ! -name '*.test.ts' -print)
	@$(PINNED) node tools/build/main.ts

image: $(INSTALLED) ## Make the container image in dist/image as an OCI layout, for ARCH=amd64,arm64; no engine, no root
	@$(PINNED) node tools/build/image/main.ts $(if $(ARCH),--arch $(ARCH)) $(ARGS)

image-rootfs: $(INSTALLED) ## Write the files of the image to ROOTFS, for deploy/Dockerfile
	@$(PINNED) node tools/build/image/main.ts --rootfs $(ROOTFS) $(ARGS)

run: $(BUILT) ## Start kcp-ts with everything in one process; its data and kubeconfig go to .kcp/
	@printf '%s\n' 'In another terminal, in this folder:' '' \
	  '    export PATH=$$PWD/bin:$$PATH' '    export KUBECONFIG=$$PWD/.kcp/admin.kubeconfig' '    kubectl ws tree' '' 'Ctrl-C stops it.' ''
	@$(PINNED) exec bin/kcp-ts start $(ARGS)

cluster: $(BUILT) servers ## Start SHARDS=3 shards, front-proxies, cache-server and virtual-workspaces with etcd and NATS; all in .kcp/
	@$(PINNED) exec bin/kcp-ts cluster --shards $(or $(SHARDS),3) $(ARGS)

# Debian's packages, where nothing else is given with ETCD= and NATS_SERVER= and PATH has none.
servers:
	@missing=; command -v "$${ETCD:-etcd}" >/dev/null || missing="etcd-server"; \
	  command -v "$${NATS_SERVER:-nats-server}" >/dev/null || missing="$$missing nats-server"; \
	  [ -z "$$missing" ] || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
	    { apt-get install -y --no-install-recommends $$missing >/dev/null 2>&1 || \
	      { apt-get update >/dev/null && apt-get install -y --no-install-recommends $$missing >/dev/null; }; }; } || \
	  echo "Not found:$$missing. Install it, or name programs with ETCD= and NATS_SERVER=; tests that need it are skipped"

generate: $(INSTALLED) ## Make libs/proto/gen from the definitions in proto/
	@cd proto && $(PINNED) buf lint && $(PINNED) buf generate

manifests: $(INSTALLED) ## Make k8s/ from the chart in deploy/chart; needs Go
	@$(PINNED) node tools/build/manifests/main.ts

# Some minutes the first time on a machine; nothing where Go or its modules cannot be had.
kubernetes: $(INSTALLED)
	@$(PINNED) node tools/build/manifests/build-kubernetes.ts

test: $(BUILT) servers $(if $(ARGS),,kubernetes) ## Run every test; the end-to-end ones with each kubectl found
	@for found in $(KUBECTLS); do [ -x "$$found" ] && exit 0; done; \
	  echo 'No kubectl on PATH or in a Google Cloud SDK: the end-to-end tests are skipped'
	@$(PINNED) vitest run $(ARGS)

test-unit: $(INSTALLED) ## Run the tests of libs, services and tools that start no other process: about a minute
	@$(PINNED) vitest run --project unit $(ARGS)

test-integration: $(BUILT) servers ## Run the tests with etcd, NATS or processes of their own, and the simulation
	@$(PINNED) vitest run --project integration $(ARGS)

test-e2e: $(BUILT) servers $(if $(ARGS),,kubernetes) ## Run everything else: the tests of whole installations in tests/
	@$(PINNED) vitest run --project '!unit' --project '!integration' $(ARGS)

test-faults: $(BUILT) servers ## Run the fault tests alone, all of them: parts killed, stopped, cut off and emptied under load
	@KCP_FAULT_ROUNDS=$${KCP_FAULT_ROUNDS:-5} $(PINNED) vitest run tests/faults --passWithNoTests $(ARGS)

test-simulation: $(INSTALLED) ## Run the simulation of a whole installation alone: SEEDS=5000 of them, from FROM=1 on
	@KCP_SIMULATION_SEEDS=$(or $(SEEDS),5000) KCP_SIMULATION_FROM=$(or $(FROM),1) $(PINNED) vitest run tests/simulation $(ARGS)

test-k8s: $(BUILT) servers kubernetes ## Install the chart, as large as its presets are, on a real Kubernetes of its own; needs Go, root and kubectl
	@KCP_K8S=whole $(PINNED) vitest run --project e2e --project kubernetes tests/k8s $(ARGS)

check: $(INSTALLED) ## Format, lint, types, layers, dead code, the project's rules: under a minute
	@$(PINNED) node tools/check/main.ts

bench: $(BUILT) ## Measure speed and memory: JSON lines, then a table; a tenth of it with ARGS=--quick
	@$(PINNED) node tools/load/main.ts $(ARGS)

bench-sharded: $(BUILT) servers ## The same of one to three shards with etcd, NATS and all services
	@$(PINNED) node tools/load/main.ts --sharded $(ARGS)
