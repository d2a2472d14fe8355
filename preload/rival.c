/* SPDX-License-Identifier: MIT */
#include "rival.h"

#include "core/log.h"
#include "core/reason.h"
#include "family.h"
#include "object.h"

#include <stdint.h>
#include <stdlib.h>

/* Bound by the loader where the process has them: no search, which would allocate when it finds nothing. The last is of
 * those tools of valgrind that replace malloc. */
#define WEAK __attribute__((weak, visibility("default")))
void __asan_init(void) WEAK;
void __hwasan_init(void) WEAK;
void __lsan_init(void) WEAK;
void __msan_init(void) WEAK;
void __tsan_init(void) WEAK;
void _vgr10010ZU_VgSoSynsomalloc_malloc(void) WEAK;

void np_rival_wake(void)
{
    if (__tsan_init)
        __tsan_init();
}

static const char *find_debugger(void)
{
    /* AddressSanitizer has the leak checker's functions too. */
    const struct {
        void (*present)(void);
        const char *name;
    } debuggers[] = {
        {__asan_init, "AddressSanitizer"}, {__hwasan_init, "HWAddressSanitizer"},
        {__msan_init, "MemorySanitizer"},  {__tsan_init, "ThreadSanitizer"},
        {__lsan_init, "LeakSanitizer"},    {_vgr10010ZU_VgSoSynsomalloc_malloc, "valgrind"},
    };
    for (size_t i = 0; i < sizeof debuggers / sizeof *debuggers; i++)
        if (debuggers[i].present)
            return debuggers[i].name;
    return NULL;
}

static void say(struct np_process *process, unsigned index, const char *text, bool refused)
{
    struct np_policy_problem problem = {.key = "mode"};
    (void)np_format(problem.text, sizeof problem.text, "%s", text);
    np_process_tell(process, process->placements[index].section, process->config->classes[index].line,
                    &problem, refused);
}

static void leave_class(struct np_process *process, unsigned index, const char *text)
{
    struct np_placement *placement = &process->placements[index];
    if (placement->hardness != NP_HARD) {
        placement->left = true;
    } else if (!placement->refused) {
        placement->refused = true;
        say(process, index, text, true);
    }
}

/* The file of the malloc that the loader has bound the name to, unless it is ours. Where a program without address
 * randomisation takes the address of malloc, the name is bound to a jump of the program's own, which has no symbol. */
static bool find_first(struct np_object *ret_object)
{
    /* Volatile, or the compiler takes it for ours. */
    void *(*volatile first)(size_t) = malloc;
    return first != np_malloc_own && np_object_at((const void *)(uintptr_t)first, ret_object) &&
           *ret_object->symbol != '\0';
}

void np_rival_meet(struct np_process *process)
{
    char text[NP_OBJECT_NAME + 64];
    const char *debugger = find_debugger();
    struct np_object first;
    if (debugger)
        (void)np_format(text, sizeof text, "%s serves malloc in this process", debugger);
    else if (find_first(&first))
        (void)np_format(text, sizeof text, "only what the malloc of %s passes on is placed", first.file);
    else
        return;
    for (unsigned i = 0; i < process->count; i++) {
        struct np_placement *placement = &process->placements[i];
        if (placement->mode == NP_SYSTEM)
            continue;
        np_reason_append(placement->reason, "; ", "%s", text);
        if (debugger)
            leave_class(process, i, text);
        else if (placement->hardness == NP_HARD)
            say(process, i, text, true);
    }
}
