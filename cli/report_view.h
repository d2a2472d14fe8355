/* SPDX-License-Identifier: MIT */
/* report_view - a report (INTERFACE: version 1) shown to people, and judged. */
#ifndef NP_CLI_REPORT_VIEW_H
#define NP_CLI_REPORT_VIEW_H

#include "json_read.h"

#include <stdio.h>

/** np_report_check() - is this tree a report that can be shown? Return: NULL, or why not (constant). */
const char *np_report_check(const struct np_value *report);
/** np_report_holds() - is what every rule asked for as requested? Misplaced pages and degradations count; that the kernel
 * may spill does not, pages that `preferred` let spill and threads that the program binds itself do not. */
bool np_report_holds(const struct np_value *report);
/** np_report_show() - tables: the rules, where their pages are, and why something is not as requested. */
void np_report_show(FILE *stream, const struct np_value *report);

/** np_report_rule_trouble() - why a rule is not as requested, or "". @text has 512 bytes and may be returned. */
const char *np_report_rule_trouble(const struct np_value *rule, char *text);
/** np_report_thread_trouble() - the same of a rule for threads. */
const char *np_report_thread_trouble(const struct np_value *rule);
/** np_report_page_bytes() - bytes of a base page of the machine that wrote the report. */
uint64_t np_report_page_bytes(const struct np_value *report);
/** np_report_pages() - the pages of a rule on one node, or on all with node -1. */
uint64_t np_report_pages(const struct np_value *rule, int node);
/** np_report_node_ids() - the nodes that a rule got, as numactl writes them; "-" for none; where @size cuts
 * them they end with "...". @text is returned. */
const char *np_report_node_ids(const struct np_value *rule, char *text, size_t size);
/** np_report_asks_for() - is this one of them? True when the rule names none. */
bool np_report_asks_for(const struct np_value *rule, int node);
/** np_report_nodes() - collect the ids of nodes that the report names, rising. Return: how many, at most @room. */
unsigned np_report_nodes(const struct np_value *report, int *ret_ids, unsigned room);

#endif
