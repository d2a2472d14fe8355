/* SPDX-License-Identifier: MIT */
#include "mapped.h"

#include "backing.h"
#include "publish.h"
#include "settle.h"

#include <errno.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static struct {
    bool watches_task; /* the task's policy could be asked for at start */
    struct np_mpol inherited;
    _Atomic bool locked;
} mapped;

/* A call of mmap(2). */
struct request {
    np_mapped_mmap *next;
    void *address;
    size_t length;
    int protection, flags, fd;
    off_t offset;
};

void np_mapped_start(void)
{
    mapped.watches_task = np_kernel_task_policy(&mapped.inherited) == 0;
}

void np_mapped_note_locked(void)
{
    atomic_store_explicit(&mapped.locked, true, memory_order_relaxed);
}

/* SIZE_MAX for what no mapping can be. */
static size_t whole_pages(size_t length)
{
    const size_t page = np_kernel_page_size();
    return length > SIZE_MAX - page ? SIZE_MAX : (length + page - 1) & ~(page - 1);
}

static void *fail(int error)
{
    errno = error < 0 ? -error : error;
    return MAP_FAILED;
}

/* Has the program given this thread a policy of its own? Then it means its mappings too. */
static bool task_decides(void)
{
    struct np_mpol now;
    return mapped.watches_task && np_kernel_task_policy(&now) == 0 && now.mode != NP_MPOL_DEFAULT &&
           (now.mode != mapped.inherited.mode || !np_nodeset_equal(&now.nodes, &mapped.inherited.nodes));
}

const struct np_mapping_rule *np_mapped_take(const struct np_mapping_rule *rule, enum np_mapping_kind kind,
                                             int flags)
{
    const char *reason = NULL;
    if (rule == NULL || rule->placement->mode == NP_SYSTEM)
        return NULL;
    if (rule->placement->refused)
        return rule;
    if (kind == NP_MAPPING_FILE && (flags & MAP_SHARED))
        reason = "pages of shared file mappings are the page cache's: not placed";
    else if (task_decides())
        reason = "the program has set a policy of its own for some threads: theirs is not replaced";
    if (reason == NULL)
        return rule;
    np_stats_degrade(rule->stats, NP_BEST_EFFORT, reason);
    atomic_fetch_add_explicit(&rule->stats->passed_on, 1, memory_order_relaxed);
    return NULL;
}

static struct np_mapping_call call_of(const struct request *request)
{
    return (struct np_mapping_call){
        .length = request->length,
        .protection = request->protection,
        .flags = request->flags,
        .fd = request->fd,
    };
}

static const struct np_mapping_rule *rule_for(const struct request *request, enum np_mapping_kind *ret_kind)
{
    const struct np_mapping_call call = call_of(request);
    const struct np_mapping_rule *rule = np_mapping_match(&call, ret_kind);
    return rule == NULL ? NULL : np_mapped_take(rule, *ret_kind, request->flags);
}

static void *call_next(const struct request *request, int protection, int flags)
{
    return request->next(request->address, request->length, protection, flags, request->fd, request->offset);
}

/* The part of the mapping that has memory or a file behind it. */
static size_t filled_length(const struct request *request, size_t length)
{
    size_t size;
    if (request->flags & MAP_ANONYMOUS)
        return length;
    if (np_backing_of(request->fd) == NP_BACKING_ZERO) {
        if (!(request->flags & MAP_SHARED))
            return length;
        size = length; /* it stands for a file of its own, of as many bytes, which the offset still goes by */
    } else if (np_backing_file_size(request->fd, &size) < 0) {
        return 0;
    }
    if (size <= (size_t)request->offset)
        return 0;
    size = whole_pages(size - (size_t)request->offset);
    return size < length ? size : length;
}

/* Makes the mapping that the call asks for and settles it. On failure *ret_error is set and the mapping, if
 * there was one, is the caller's to undo. */
static void *make(const struct request *request, const struct np_mapping_rule *rule, bool file, int flags,
                  int *ret_error)
{
    const bool locked = (flags & MAP_LOCKED) || atomic_load_explicit(&mapped.locked, memory_order_relaxed);
    const bool populate = (flags & MAP_LOCKED) || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
    /* Pages that the kernel makes with the mapping would come before the policy: it fills nothing, and what it would
     * lock stays closed until then. */
    void *start = call_next(request, locked ? PROT_NONE : request->protection, flags & ~MAP_POPULATE);
    if (start == MAP_FAILED)
        return start;
    const size_t length = whole_pages(request->length);
    const struct np_settling settling = {
        .rule = rule,
        .start = start,
        .length = length,
        .filled_length = filled_length(request, length),
        .protection = request->protection,
        .closed = locked,
        .populate = populate,
        .file = file,
        .anonymous = flags & MAP_ANONYMOUS,
        .shared = flags & MAP_SHARED,
    };
    *ret_error = np_settle(&settling);
    return start;
}

static void note(uintptr_t start, size_t length, const struct np_mapping_rule *rule, uint32_t kind,
                 uint32_t origin)
{
    /* Where there is no room the report says so. */
    (void)np_live_add((struct np_live_piece){start, start + length, rule->index, kind, origin});
}

static void *map_new(const struct request *request, const struct np_mapping_rule *rule,
                     enum np_mapping_kind kind, int flags)
{
    int error = 0;
    if (rule->placement->refused)
        return fail(ENOMEM);
    np_publish_tick(request->length);
    void *start = make(request, rule, kind == NP_MAPPING_FILE, flags, &error);
    if (start == MAP_FAILED)
        return start;
    const size_t length = whole_pages(request->length);
    if (error) {
        (void)np_kernel_unmap(start, length); /* of a whole mapping that nobody knows */
        return fail(error);
    }
    note((uintptr_t)start, length, rule, kind, 0);
    return start;
}

/* Memory that is put into a reservation of a rule (the JVM and others commit and uncommit in this way): the
 * mapping is a new one for the kernel, so it gets the reservation's policy again. */
static void *map_inside(const struct request *request, const struct np_mapping_rule *rule)
{
    int error = 0;
    void *start = make(request, rule, false, request->flags, &error), *closed;
    if (start == MAP_FAILED || !error)
        return start;
    const size_t length = whole_pages(request->length);
    if (np_kernel_map(start, length, PROT_NONE, MAP_FIXED | MAP_NORESERVE, &closed) == 0)
        (void)np_settle_lay(rule, closed, length); /* counted there */
    return fail(error);
}

/* Does the call put memory into this piece, which may be a reservation? It may be shared: the JVM's ZGC maps a memfd
 * there, several times. */
static bool commits(const struct request *request, const struct np_live_piece *piece, uintptr_t end)
{
    const struct np_mapping_call call = call_of(request);
    enum np_mapping_kind kind;
    return piece->start <= (uintptr_t)request->address && end <= piece->end &&
           (piece->kind == NP_MAPPING_PRIVATE || piece->kind == NP_MAPPING_STACK) &&
           np_mapping_kind_of(&call, &kind) && kind != NP_MAPPING_FILE;
}

/* At addresses of the program's choice: a part of a known mapping, addresses that were free, or a part of
 * somebody else's mapping, which is left alone. */
static void *map_fixed(const struct request *request)
{
    const uintptr_t start = (uintptr_t)request->address;
    const uintptr_t end = start + whole_pages(request->length);
    struct np_live_piece piece = {0};
    const bool known = np_live_overlap(start, end, &piece);
    if (known && commits(request, &piece, end))
        return map_inside(request, np_mapping_rule_at(piece.rule));

    enum np_mapping_kind kind;
    const struct np_mapping_rule *rule = known ? NULL : rule_for(request, &kind);
    if (rule != NULL) {
        const int saved = errno;
        void *result = map_new(request, rule, kind, (request->flags & ~MAP_FIXED) | MAP_FIXED_NOREPLACE);
        if (result == request->address || (result == MAP_FAILED && errno != EEXIST))
            return result;
        errno = saved;
        if (result != MAP_FAILED) { /* kernels before 4.17 take the address for a hint */
            np_live_cut((uintptr_t)result, (uintptr_t)result + (end - start), true);
            (void)np_kernel_unmap(result, request->length);
        }
    }
    void *result = call_next(request, request->protection, request->flags);
    if (known && result != MAP_FAILED)
        np_live_cut(start, end, true);
    return result;
}

void *np_mapped_map(np_mapped_mmap *next, void *address, size_t length, int protection, int flags, int fd,
                    off_t offset)
{
    const struct request request = {next, address, length, protection, flags, fd, offset};
    if ((flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE))
        return map_fixed(&request);
    enum np_mapping_kind kind;
    const struct np_mapping_rule *rule = rule_for(&request, &kind);
    return rule == NULL ? call_next(&request, protection, flags) : map_new(&request, rule, kind, flags);
}

int np_mapped_unmap(np_mapped_munmap *next, void *address, size_t length)
{
    const uintptr_t start = (uintptr_t)address, end = start + whole_pages(length);
    struct np_live_piece pieces[NP_LIVE_PIECES];
    if (start % np_kernel_page_size() != 0 || length == 0 || end < start ||
        !np_live_overlap(start, end, pieces))
        return next(address, length);
    /* Out of the table before the kernel gives the addresses to somebody else. */
    const unsigned count = np_live_take(start, end, 0, pieces, NP_LIVE_PIECES);
    const int result = next(address, length);
    if (result != 0) /* too many mappings to split one: all is still there */
        np_live_put_back(pieces, count);
    return result;
}

/* ---- mremap(2) ---- */

/* The kernel keeps the policy. What a hard rule gains must be committed too, where it can be written to: Linux says
 * EINVAL where that is forbidden, and EFAULT where it would be a SIGBUS. */
static int commit_growth(const struct np_mapping_rule *rule, char *start, size_t length)
{
    if (!rule->plan.committed)
        return 0;
    const int error = np_kernel_advise(start, np_kernel_page_size(), MADV_POPULATE_WRITE);
    if (error == -EFAULT || (error == -EINVAL && np_kernel_support()->populate_write))
        return 0;
    return np_settle_commit(rule, start, length, false);
}

/* Puts a mapping that has grown back to where and what it was. Return: false when somebody else has taken its
 * old addresses meanwhile. */
static bool undo_growth(const struct np_live_piece *now, const struct np_live_piece *before)
{
    const size_t length = now->end - now->start, old_length = before->end - before->start;
    void *hole;
    (void)np_kernel_unmap((void *)(now->start + old_length), length - old_length); /* the fresh end of it */
    if (now->start == before->start)
        return true;
    if (np_kernel_map((void *)before->start, old_length, PROT_NONE, MAP_FIXED_NOREPLACE, &hole) < 0)
        return false;
    return (uintptr_t)hole == before->start &&
           np_kernel_remap((void *)now->start, old_length, (void *)before->start, 0) == 0;
}

static void *remap_known(np_mapped_mremap *next, struct np_live_piece piece, size_t length, int flags,
                         void *target)
{
    const struct np_mapping_rule *rule = np_mapping_rule_at(piece.rule);
    const bool stays = flags & MREMAP_DONTUNMAP;
    const size_t old_length = piece.end - piece.start;
    if (rule->stripes)
        np_settle_smooth(rule, (char *)piece.start, old_length);
    if (!stays)
        np_live_cut(piece.start, piece.end, false);
    char *result = next((void *)piece.start, old_length, length, flags, target);
    struct np_live_piece now = piece;
    if (result != MAP_FAILED) {
        now.start = (uintptr_t)result;
        now.end = now.start + whole_pages(length);
        now.origin = stays ? 0 : piece.origin;
    }
    if (rule->stripes)
        (void)np_settle_lay(rule, (char *)now.start, now.end - now.start); /* counted there */
    if (now.end - now.start > old_length &&
        commit_growth(rule, result + old_length, now.end - now.start - old_length) < 0 &&
        undo_growth(&now, &piece)) {
        now = piece;
        result = fail(ENOMEM);
    }
    if (!stays || result != MAP_FAILED)
        (void)np_live_add(now); /* where there is no room the report says so */
    return result;
}

void *np_mapped_remap(np_mapped_mremap *next, void *address, size_t old_length, size_t length, int flags,
                      void *target)
{
    const uintptr_t start = (uintptr_t)address, end = start + whole_pages(old_length);
    struct np_live_piece piece;
    const bool known = end > start && np_live_overlap(start, end, &piece);
    if (known && piece.start <= start && end <= piece.end && start % np_kernel_page_size() == 0 &&
        length > 0) {
        piece.start = start;
        piece.end = end;
        return remap_known(next, piece, length, flags, target);
    }
    void *result = next(address, old_length, length, flags, target);
    if (result == MAP_FAILED)
        return result;
    if (known && !(flags & MREMAP_DONTUNMAP))
        np_live_cut(start, end, true);
    np_live_cut((uintptr_t)result, (uintptr_t)result + whole_pages(length), true);
    return result;
}
