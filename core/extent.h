/* SPDX-License-Identifier: MIT */
/* extent - blocks handed out as whole runs of pages of a zone: taken by best fit, prepared outside the
 * lock, kept for reuse when freed and given back by age. Context: hook-safe; these functions take the
 * zone's lock themselves. */
#ifndef NP_CORE_EXTENT_H
#define NP_CORE_EXTENT_H

#include "zone.h"

/** From this size on a move carries page tables over instead of bytes, and blocks begin where a huge page
 * does. */
#define NP_EXTENT_REMAP_FROM ((size_t)64 << 20)

/** np_extent_take() - @size bytes at a multiple of @alignment, with address room for @room bytes in all if there is so
 * much. The pages are as the last user left them: np_extent_prepare() comes next.
 * Return: 0; -ENOSPC, -ENOMEM or -ENODEV as np_zone_grow(). */
int np_extent_take(struct np_zone *zone, size_t size, size_t alignment, size_t room, void **ret_block);
/** np_extent_room() - the room that a block should get which moves since it grows to @size bytes. */
size_t np_extent_room(const struct np_zone *zone, const void *block, size_t size);
/** np_extent_prepare() - make bytes [from, end of the block) fit for use: committed in a hard zone,
 * prefaulted if the class asks for it, cleared when @zero, without pages that another thread placed.
 * Return: 0; -ENOMEM when the nodes of a hard zone are full. */
int np_extent_prepare(struct np_zone *zone, void *block, size_t from, bool zero);
/** np_extent_untake() - give a block back that was never used. */
void np_extent_untake(struct np_zone *zone, void *block);
/** np_extent_free() - give a block back for which np_parked_push() is too short. Aborts when it is not the start of a live block. */
void np_extent_free(struct np_zone *zone, void *block);
/** np_extent_size() - the bytes that may be used at @block; aborts as np_extent_free(). */
size_t np_extent_size(struct np_zone *zone, const void *block);
/** np_extent_resize() - make a block longer or shorter where it is. Return: 0; -EAGAIN when there is no
 * room. */
int np_extent_resize(struct np_zone *zone, void *block, size_t size);
/** np_extent_move() - carry the contents of @from over into the longer, still unprepared block @to of the
 * same zone, by moving page tables where that pays and by copying else, then free @from. Return: 0;
 * -ENOMEM: @from is unchanged. */
int np_extent_move(struct np_zone *zone, void *from, void *to);
/** np_extent_take_slab() - pages for a slab of @size bytes, at a multiple of its size (a power of two), fit for use. They are
 * no block. Return: as np_extent_take() and np_extent_prepare(); *ret_fresh is set to true when not all of them had memory. */
int np_extent_take_slab(struct np_zone *zone, size_t size, void **ret_slab, bool *ret_fresh);
/** np_extent_give_slab() - give them back. @dropped: pages that the kernel has already, one bit for each. */
void np_extent_give_slab(struct np_zone *zone, void *slab, uint64_t dropped);
/** np_extent_note_custom() - the program has changed the policy (or, with @policy false, the advice) of
 * [address, address + length): blocks that overlap it are put right when they are freed. */
void np_extent_note_custom(struct np_zone *zone, const void *address, size_t length, bool policy);

#endif
