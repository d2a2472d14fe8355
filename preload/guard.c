/* SPDX-License-Identifier: MIT */
#include "guard.h"

_Thread_local volatile bool np_guard_held __attribute__((tls_model("initial-exec")));
