/* SPDX-License-Identifier: MIT */
/* report_parts - what the files that write the report share. Context: as np_report_emit(). */
#ifndef NP_CORE_REPORT_PARTS_H
#define NP_CORE_REPORT_PARTS_H

#include "json.h"
#include "stats.h"

/** np_report_node_list() - "nodes": [0, 1]. */
void np_report_node_list(struct np_json *json, const np_nodeset *nodes);
/** np_report_process() - "process": what [process] came to, where there is one. */
void np_report_process(struct np_json *json, const struct np_stats *stats);
/** np_report_threads() - "threads": an object for each [thread.*] rule. */
void np_report_threads(struct np_json *json, const struct np_stats *stats);

#endif
