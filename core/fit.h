/* SPDX-License-Identifier: MIT */
/* fit - where in a zone a run of pages is found: a parked run, the best fit, or more of the zone.
 * Context: hook-safe; the zone's lock is held. */
#ifndef NP_CORE_FIT_H
#define NP_CORE_FIT_H

#include "zone.h"

/** np_fit_take() - a live run of @pages whose number is a multiple of @align (a power of two), opening more of the zone
 * when it must.
 * Return: 0 and *ret_run; -ENOSPC, -ENOMEM or -ENODEV as np_zone_grow(). */
int np_fit_take(struct np_zone *zone, uint32_t pages, uint32_t align, uint32_t *ret_run);

#endif
