/* SPDX-License-Identifier: MIT */
/* device - the nodes that a device is at, as sysfs tells them. */
#ifndef NP_CORE_DEVICE_H
#define NP_CORE_DEVICE_H

#include "numaperf.h"

/** np_device_nodes() - @name: a PCI address (0000:3b:00.0, or 3b:00.0 as lspci prints it), a network interface, or a block
 * device; bonds, bridges, VLANs, RAIDs and volumes are at the nodes of what they are made of. @root is "" for this
 * machine, else a folder that holds sys/.
 * Return: 0; -ENOENT when there is no such device; -ENODATA when nobody knows its node: a virtual one, or firmware that
 * does not say. Context: start-up. */
int np_device_nodes(const char *root, const char *name, np_nodeset *ret_nodes);

#endif
