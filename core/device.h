/* SPDX-License-Identifier: MIT */
/* device - the node that a device is at, as sysfs tells it. */
#ifndef NP_CORE_DEVICE_H
#define NP_CORE_DEVICE_H

/** np_device_node() - @name: a PCI address (0000:3b:00.0, or 3b:00.0 as lspci prints it), a network interface, or a block
 * device. @root is "" for this machine, else a folder that holds sys/.
 * Return: a node id; -ENOENT when there is no such device; -ENODATA when nobody knows its node: a virtual one, or
 * firmware that does not say. Context: start-up. */
int np_device_node(const char *root, const char *name);

#endif
