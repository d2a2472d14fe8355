/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/numaperf-log-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const char *contents(const char *path)
{
    static char text[4096];
    const int file = open(path, O_RDONLY);
    const ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
    text[length > 0 ? length : 0] = '\0';
    close(file);
    return text;
}

/* Runs @body in a child whose stderr is @file (or is closed for -1); returns the wait status. */
static int in_child(void (*body)(void), int file)
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        if (file >= 0)
            dup2(file, STDERR_FILENO);
        else
            close(STDERR_FILENO);
        body();
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static void write_levels(void)
{
    np_log(NP_LOG_ERROR, "before setup");
    np_log_setup(NP_LOG_WARN, NULL);
    errno = 4711;
    np_log(NP_LOG_OFF, "never");
    np_log(NP_LOG_ERROR, "an error %d", 1);
    np_log(NP_LOG_WARN, "a %s", "warning\nnumaperf: forged");
    np_log(NP_LOG_INFO, "not this");
    np_log(NP_LOG_ERROR, "errno is %d\n", errno);
    np_log_setup(NP_LOG_OFF, NULL);
    np_log(NP_LOG_ERROR, "silent");
}

static void test_levels(void)
{
    static const struct {
        const char *word;
        int level;
    } words[] = {{"off", NP_LOG_OFF},   {"error", NP_LOG_ERROR}, {"warn", NP_LOG_WARN},
                 {"info", NP_LOG_INFO}, {"debug", NP_LOG_DEBUG}, {"", -EINVAL},
                 {"WARN", -EINVAL},     {"1", -EINVAL},          {NULL, -EINVAL}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        tap_int(np_log_level_from_name(words[i].word), words[i].level,
                words[i].word != NULL ? words[i].word : "no word");
    const int file = open(in_folder("levels"), O_RDWR | O_CREAT, 0600);
    in_child(write_levels, file);
    close(file);
    tap_string(contents(in_folder("levels")),
               "numaperf: an error 1\nnumaperf: a warning?numaperf: forged\nnumaperf: errno is 4711\n",
               "lines of the level asked for reach stderr, one each");
}

static void write_long(void)
{
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    np_log_setup(NP_LOG_INFO, NULL);
    np_log(NP_LOG_INFO, "%s", text);
}

/* Stderr was closed, and the program's own file got its number. */
static void write_closed(void)
{
    np_log_setup(NP_LOG_INFO, NULL);
    np_log(NP_LOG_INFO, "nowhere");
    const int file = open(in_folder("precious"), O_RDWR | O_CREAT, 0600);
    if (file != STDERR_FILENO || write(file, "data", 4) != 4)
        _exit(1);
    np_log(NP_LOG_ERROR, "into the data");
}

/* A daemon's way: stderr becomes a file that is appended to. */
static void write_redirected(void)
{
    np_log_setup(NP_LOG_INFO, NULL);
    dup2(open(in_folder("daemon"), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    np_log(NP_LOG_INFO, "follows");
}

static void write_to_broken_pipe(void)
{
    sigset_t pending;
    signal(SIGPIPE, SIG_DFL);
    np_log_setup(NP_LOG_INFO, NULL);
    np_log(NP_LOG_INFO, "to nobody");
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE))
        _exit(2);
}

static void test_stderr(void)
{
    int file = open(in_folder("long"), O_RDWR | O_CREAT, 0600);
    in_child(write_long, file);
    close(file);
    const char *text = contents(in_folder("long"));
    tap_ok(strlen(text) == 512 && text[511] == '\n' && strncmp(text, "numaperf: xxx", 13) == 0,
           "a long line is cut at 512 bytes");

    tap_int(in_child(write_closed, -1), 0, "a closed stderr does no harm");
    tap_string(contents(in_folder("precious")), "data", "a file that got number 2 is not written to");
    file = open(in_folder("first"), O_RDWR | O_CREAT, 0600);
    in_child(write_redirected, file);
    close(file);
    tap_string(contents(in_folder("daemon")), "numaperf: follows\n", "a redirected stderr is followed");
    tap_string(contents(in_folder("first")), "", "and the old one left alone");
    int ends[2];
    if (pipe(ends) == 0) {
        close(ends[0]);
        tap_int(in_child(write_to_broken_pipe, ends[1]), 0,
                "a pipe without a reader does not kill the program");
        close(ends[1]);
    }
}

static int log_descriptor(void)
{
    for (int descriptor = 3; descriptor < 1100; descriptor++)
        if (fcntl(descriptor, F_GETFD) >= 0)
            return descriptor;
    return -1;
}

static void write_to_file(void)
{
    for (int descriptor = 3; descriptor < 1100; descriptor++)
        close(descriptor);
    char path[512], other[512];
    snprintf(path, sizeof path, "%s", in_folder("log.%p.%x"));
    np_log_setup(NP_LOG_DEBUG, path);
    if (log_descriptor() >= 0)
        _exit(1); /* opened before there is anything to say */
    np_log(NP_LOG_DEBUG, "first");
    const int descriptor = log_descriptor();
    if (descriptor < 100 || (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0)
        _exit(2);
    if (fork() == 0) { /* the child writes to the same file */
        np_log(NP_LOG_DEBUG, "child");
        _exit(0);
    }
    wait(NULL);
    /* The program closes everything and gets the number for a file of its own. */
    close(descriptor);
    snprintf(other, sizeof other, "%s", in_folder("other"));
    if (dup2(open(other, O_RDWR | O_CREAT, 0600), descriptor) != descriptor)
        _exit(3);
    np_log(NP_LOG_DEBUG, "second");
    char wanted[512];
    snprintf(wanted, sizeof wanted, "%s/log.%d.%%x", folder, (int)getpid());
    if (strcmp(contents(wanted), "numaperf: first\nnumaperf: child\nnumaperf: second\n") != 0)
        _exit(4);
    if (*contents(other) != '\0')
        _exit(5);
    np_log_setup(NP_LOG_DEBUG, "/nowhere/file");
    np_log(NP_LOG_DEBUG, "lost"); /* must not go to stderr instead */
}

static void *write_some(void *argument)
{
    for (int i = 0; i < 50; i++)
        np_log(NP_LOG_INFO, "%c%c%c", *(const char *)argument, *(const char *)argument,
               *(const char *)argument);
    return NULL;
}

static void write_together(void)
{
    pthread_t threads[4];
    static char letters[] = "abcd";
    np_log_setup(NP_LOG_INFO, in_folder("together"));
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_some, &letters[i]);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void die(void)
{
    np_log_setup(NP_LOG_OFF, NULL);
    np_fatal("corrupt at %p", (void *)(uintptr_t)0x1234);
}

static void test_files(void)
{
    const int file = open(in_folder("stderr"), O_RDWR | O_CREAT, 0600);
    tap_int(in_child(write_to_file, file), 0,
            "a file is opened when needed, high, close-on-exec, and reopened when it is lost");
    tap_string(contents(in_folder("stderr")), "", "nothing of that went to stderr");
    in_child(write_together, file);
    const char *text = contents(in_folder("together"));
    bool whole = strlen(text) == sizeof "numaperf: aaa" * 4 * 50;
    for (size_t i = 0; whole && i < strlen(text); i += 14)
        whole =
            strncmp(text + i, "numaperf: ", 10) == 0 && text[i + 10] == text[i + 12] && text[i + 13] == '\n';
    tap_ok(whole, "lines of several threads stay whole");
    const int status = in_child(die, file);
    tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a fatal line ends the program");
    tap_string(contents(in_folder("stderr")), "numaperf: corrupt at 0x1234\n",
               "and is written whatever the level");
    close(file);
}

static void remove_folder(void)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
        unlink(in_folder(entry->d_name));
    closedir(entries);
    rmdir(folder);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    test_levels();
    test_stderr();
    test_files();
    remove_folder();
    return tap_done();
}
