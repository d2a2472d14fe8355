/* SPDX-License-Identifier: MIT */
/* weights - np_policy_default_weights() and np_policy_kernel_weights_equal() on a copy of /sys. Context:
 * start-up. */
#ifndef NP_CORE_WEIGHTS_H
#define NP_CORE_WEIGHTS_H

#include "numaperf.h"

/** np_weights_default() - as np_policy_default_weights(); @root is "" for this machine, else a folder that
 * holds sys/. */
void np_weights_default(const char *root, const np_nodeset *nodes, uint8_t *ret_weights);
/** np_weights_equal() - are the kernel's weights of @nodes in the ratio of @weights? False when they cannot
 * be read. */
bool np_weights_equal(const char *root, const np_nodeset *nodes, const uint8_t *weights);
/** np_weights_reduce() - the smallest whole numbers from 1 to 255 that are within 5 % of the ratio of
 * @figures (one for each node of @nodes, none 0); the nearest ones that give the slowest node at most 8,
 * where none are. */
void np_weights_reduce(const np_nodeset *nodes, const uint32_t *figures, uint8_t *ret_weights);

#endif
