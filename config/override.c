/* SPDX-License-Identifier: MIT */
#include "config.h"

void np_config_override_mode(struct np_config *config, enum np_hardness mode)
{
    config->hardness = mode;
    for (unsigned i = 0; i < config->class_count; i++) {
        if (config->classes[i].mode_line == 0)
            config->classes[i].hardness = mode;
    }
}
