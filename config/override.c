/* SPDX-License-Identifier: MIT */
#include "config.h"

static void override(struct np_rule *rules, unsigned count, enum np_hardness mode)
{
    for (unsigned i = 0; i < count; i++) {
        if (rules[i].mode_line == 0)
            rules[i].hardness = mode;
    }
}

void np_config_override_mode(struct np_config *config, enum np_hardness mode)
{
    config->hardness = mode;
    override(config->classes, config->class_count, mode);
    override(config->mappings, config->mapping_count, mode);
    override(&config->process.policy, 1, mode);
    for (unsigned i = 0; i < config->thread_count; i++)
        config->threads[i].hardness = mode;
}
