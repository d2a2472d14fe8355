# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the suites of this folder begin with: bats' libraries, ROOT and project_files, and the project's folder.
bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
# shellcheck source=scripts/lib.bash
source "$BATS_TEST_DIRNAME/../../scripts/lib.bash"
cd "$ROOT" || return
