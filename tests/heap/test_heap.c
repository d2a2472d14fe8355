/* SPDX-License-Identifier: MIT */
/* What malloc's hooks ask of the heap, class by class. */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void every_class_serves(void)
{
    heap_start();
    for (enum kind kind = 0; kind < KINDS; kind++) {
        size_t size = class_size(kind);
        char *block = take(size, 0, false), *other = take(size, 0, true);
        fill(block, size, 1);
        check_zero(other, size, kind_name(kind));
        fill(other, np_heap_usable_size(other), 2);
        check_filled(block, size, 1, kind_name(kind));
        np_heap_free(block);
        check_filled(other, np_heap_usable_size(other), 2, kind_name(kind));
        np_heap_free(other);
        (void)np_heap_count(0);
        const struct np_stats_rule *rule = &heap_stats->rules[kind];
        struct np_stats_sum sum = np_stats_fold(heap_stats, kind);
        expect(sum.allocations == 2 && sum.frees == 2 && sum.live_bytes == 0 &&
                   (kind < FIRST_TOUCH || rule->in_use_bytes == 0),
               "%s: %lu bytes are live", kind_name(kind), (unsigned long)sum.live_bytes);
        expect(rule->peak_bytes >= 2 * size, "%s: peak of %lu", kind_name(kind),
               (unsigned long)rule->peak_bytes);
    }
}

static void calloc_clears_what_was_used(void)
{
    heap_start();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (unsigned round = 0; round < 6; round++) {
            size_t size = class_size(kind) + round * 5000;
            void *block = take(size, 0, round & 1), *neighbour = take(size, 0, false);
            if (round & 1)
                check_zero(block, size, kind_name(kind));
            fill(block, np_heap_usable_size(block), round + 3);
            fill(neighbour, np_heap_usable_size(neighbour), round);
            np_heap_free(neighbour);
            np_heap_free(block);
            if (round == 2)
                (void)np_heap_trim();
        }
}

static void blocks_lie_at_any_alignment(void)
{
    heap_start();
    for (enum kind kind = 0; kind < KINDS; kind++)
        for (size_t alignment = 16; alignment <= 64 * MIB; alignment *= 2) {
            void *blocks[3];
            for (unsigned i = 0; i < 3; i++)
                blocks[i] = take(class_size(kind) + i * 4096, alignment, i == 1);
            for (unsigned i = 0; i < 3; i++)
                if (blocks[i])
                    np_heap_free(blocks[i]);
        }
    void *block;
    struct np_heap_class *class = np_heap_class(class_size(LOCAL));
    for (unsigned shift = 27; shift < 64; shift++) {
        int error = np_heap_allocate(class, class_size(LOCAL), (size_t)1 << shift, false, &block);
        if (error == 0) {
            expect((uintptr_t)block % ((size_t)1 << shift) == 0, "%p is no multiple of 2^%u", block, shift);
            np_heap_free(block);
        } else {
            expect(error == -EAGAIN, "2^%u: %s", shift, np_strerror(error));
        }
    }
}

static void what_is_larger_than_a_zone_is_passed_on(void)
{
    heap_start();
    static const size_t sizes[] = {(size_t)1 << 46, SIZE_MAX / 2, SIZE_MAX - 4096, SIZE_MAX};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *block = take(class_size(FIRST_TOUCH_LARGE), 0, false), *other;
        size_t size = sizes[i] == SIZE_MAX ? SIZE_MAX - 1 : sizes[i];
        expect(np_heap_allocate(np_heap_class(size), size, 0, false, &other) == -EAGAIN, "%zu served", size);
        fill(block, class_size(FIRST_TOUCH_LARGE), i);
        expect(np_heap_resize(block, size, &other) == -EAGAIN, "resized to %zu", size);
        check_filled(block, class_size(FIRST_TOUCH_LARGE), i, "a resize that failed");
        np_heap_free(block);
    }
}

static void resize_keeps_the_contents(void)
{
    heap_start();
    for (enum kind kind = FIRST_TOUCH; kind < KINDS; kind++) {
        size_t low = class_size(kind) - 100, high = kind + 1 < KINDS ? class_size(kind + 1) - 101 : 40 * MIB;
        uint64_t state = 99 + (uint64_t)kind;
        size_t size = low;
        void *block = take(size, 0, false), *wall = NULL;
        fill(block, size, 5);
        for (unsigned round = 0; round < 40; round++) {
            size_t wanted = low + random_next(&state) % (high - low), kept = wanted < size ? wanted : size;
            void *resized = NULL;
            int error = np_heap_resize(block, wanted, &resized);
            if (!expect(error == 0, "%s to %zu: %s", kind_name(kind), wanted, np_strerror(error)))
                break;
            check_filled(resized, kept, 5, kind_name(kind));
            block = resized;
            size = wanted;
            expect(np_heap_usable_size(block) >= size, "%zu usable", np_heap_usable_size(block));
            fill(block, np_heap_usable_size(block), 5);
            if (round % 5 == 0) { /* something behind the block, so that it moves */
                if (wall)
                    np_heap_free(wall);
                wall = take(low, 0, false);
                fill(wall, low, 6);
            }
        }
        check_filled(wall, low, 6, "the block behind");
        np_heap_free(wall);
        np_heap_free(block);
    }
}

static void resize_across_classes_is_the_callers(void)
{
    heap_start();
    void *block = take(class_size(LOCAL), 0, false), *resized;
    expect(np_heap_resize(block, class_size(STRIPED), &resized) == -EAGAIN, "went into another class");
    expect(np_heap_resize(block, 100, &resized) == -EAGAIN, "went below all classes");
    np_heap_free(block);
}

static void arrays_grow_side_by_side(void)
{
    heap_start_one(FIRST_TOUCH);
    void *arrays[2] = {take(MIB, 0, false), take(MIB, 0, false)};
    for (size_t size = MIB; size < 200 * MIB; size += 5 * MIB)
        for (unsigned i = 0; i < 2; i++) {
            fill(arrays[i], size, i);
            void *resized = NULL;
            int error = np_heap_resize(arrays[i], size + 5 * MIB, &resized);
            if (!expect(error == 0, "%zu: %s", size, np_strerror(error)))
                return;
            arrays[i] = resized;
            check_filled(arrays[i], size, i, "growth");
        }
    np_heap_free(arrays[0]);
    np_heap_free(arrays[1]);
}

static void the_next_class_of_huge_blocks_begins_at_huge_pages(void)
{
    heap_start();
    size_t huge = 2 * MIB;
    void *block = take(3 * MIB, 0, false);
    expect((uintptr_t)block % huge == 0, "%p begins in the middle of a huge page", block);
    np_heap_free(block);
}

/* What is opened for the sake of an alignment may come from a pool of huge pages. */
static void aligned_blocks_open_no_more_than_they_need(void)
{
    heap_start();
    for (size_t count = 1; count <= 8; count++) {
        unsigned rule;
        int node;
        const void *start;
        size_t length;
        (void)take(2 * MIB, 0, false);
        np_heap_zone_range(0, &rule, &node, &start, &length);
        expect(length == count * 2 * MIB, "%zu MiB open for %zu huge pages", length / MIB, count);
    }
}

/* ---- fork ---- */

static void *inherited[KINDS];

static void child_of_fork(void)
{
    for (enum kind kind = 0; kind < KINDS; kind++) {
        check_filled(inherited[kind], class_size(kind), kind, "in the child");
        void *fresh = take(class_size(kind), 0, true);
        check_zero(fresh, class_size(kind), "in the child");
        fill(fresh, class_size(kind), 9);
        np_heap_free(inherited[kind]);
        np_heap_free(fresh);
    }
    (void)np_heap_trim();
}

static void a_child_has_a_heap_of_its_own(void)
{
    heap_start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    for (enum kind kind = 0; kind < KINDS; kind++) {
        inherited[kind] = take(class_size(kind), 0, false);
        fill(inherited[kind], class_size(kind), kind);
    }
    for (unsigned i = 0; i < 5; i++)
        expect(in_child(child_of_fork) == 0, "a child failed");
    for (enum kind kind = 0; kind < KINDS; kind++) {
        check_filled(inherited[kind], class_size(kind), kind, "in the parent");
        np_heap_free(inherited[kind]);
    }
}

static void the_forking_thread_may_allocate(void)
{
    heap_start();
    np_heap_free(take(class_size(LOCAL), 0, false));
    np_heap_before_fork();
    void *known = take(class_size(LOCAL), 0, false), *fresh = take(class_size(STRIPED), 0, true);
    np_heap_free(known);
    np_heap_after_fork_parent();
    np_heap_free(fresh);
    np_heap_before_fork();
    np_heap_after_fork_child();
    np_heap_free(take(class_size(STRIPED), 0, false));
}

/* ---- Wrong use ---- */

static char *wrong;

static void free_wrong(void)
{
    np_heap_free(wrong);
}

static void measure_wrong(void)
{
    (void)np_heap_usable_size(wrong);
}

static void resize_wrong(void)
{
    void *resized;
    (void)np_heap_resize(wrong, class_size(LOCAL), &resized);
}

/* Does this use of @pointer end in one line and SIGABRT? */
static void check_abort(char *pointer, const char *what)
{
    static void (*const uses[])(void) = {free_wrong, measure_wrong, resize_wrong};
    wrong = pointer;
    for (unsigned i = 0; i < sizeof uses / sizeof *uses; i++) {
        int pipes[2];
        char text[2048];
        expect(pipe(pipes) == 0, "no pipe");
        int saved = dup(STDERR_FILENO);
        (void)dup2(pipes[1], STDERR_FILENO);
        int status = in_child(uses[i]);
        (void)dup2(saved, STDERR_FILENO);
        (void)close(saved);
        (void)close(pipes[1]);
        ssize_t length = read(pipes[0], text, sizeof text - 1);
        (void)close(pipes[0]);
        text[length > 0 ? length : 0] = '\0';
        expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "use %u of %s: wait status %#x", i, what,
               (unsigned)status);
        expect(strncmp(text, "numaperf: ", 10) == 0 && strchr(text, '\n') == strrchr(text, '\n'),
               "use %u of %s says: %s", i, what, text);
    }
}

static void wrong_use_ends_in_one_line(void)
{
    heap_start();
    size_t size = class_size(LOCAL);
    char *block = take(size, 0, false), *freed = take(size, 0, false), *behind = take(size, 0, false);
    np_heap_free(freed);
    check_abort(block + 4096, "a page inside of a block");
    check_abort(block + 16, "bytes inside of a block");
    check_abort(freed, "a freed block");
    check_abort(freed + 4096, "the inside of a freed block");
    check_abort(behind + MIB, "free pages");
    check_abort(behind + GIB, "what is not open");
    np_heap_free(take(size, 0, false));
    np_heap_free(block);
    np_heap_free(behind);
    check_abort(block, "a block that joined its neighbours");
    check_abort(behind, "a block that joined its neighbours");
    (void)np_heap_trim();
    check_abort(block, "a block of a closed zone");
}

static void fork_when_aborted(int number)
{
    (void)number;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    int status = -1;
    _exit(child > 0 && waitpid(child, &status, 0) == child && status == 0 ? 42 : 1);
}

static void free_under_a_handler(void)
{
    int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(quiet, STDERR_FILENO);
    (void)signal(SIGABRT, fork_when_aborted);
    np_heap_free(wrong);
}

static void a_handler_of_the_abort_may_fork(void)
{
    heap_start();
    expect(pthread_atfork(np_heap_before_fork, np_heap_after_fork_parent, np_heap_after_fork_child) == 0,
           "atfork");
    wrong = take(class_size(LOCAL), 0, false);
    np_heap_free(wrong);
    int status = in_child(free_under_a_handler);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 42, "wait status %#x", (unsigned)status);
}

int main(void)
{
    heap_test(every_class_serves, "every class serves blocks that do not overlap");
    heap_test(calloc_clears_what_was_used, "a zeroed block is zero, whoever used its pages before");
    heap_test(blocks_lie_at_any_alignment, "blocks lie at any alignment");
    heap_test(what_is_larger_than_a_zone_is_passed_on, "what is larger than a zone is passed on");
    heap_test(resize_keeps_the_contents, "a resized block keeps its contents");
    heap_test(resize_across_classes_is_the_callers, "a resize into another class is the caller's");
    heap_test(arrays_grow_side_by_side, "two arrays grow side by side");
    heap_test(the_next_class_of_huge_blocks_begins_at_huge_pages,
              "blocks of huge pages begin where one begins");
    heap_test(aligned_blocks_open_no_more_than_they_need, "aligned blocks open no more than they need");
    heap_test(a_child_has_a_heap_of_its_own, "a forked child has a heap of its own");
    heap_test(the_forking_thread_may_allocate, "the forking thread may allocate in its handlers");
    heap_test(wrong_use_ends_in_one_line, "wrong use ends in one line and an abort");
    heap_test(a_handler_of_the_abort_may_fork, "a handler of that abort may fork");
    return tap_done();
}
