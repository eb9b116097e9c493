/** Unpacking by the programs zstd and xz, for builds without their libraries. */
#include <spawn.h>
#include <unistd.h>

#include <sys/wait.h>

#include "policy/unpack.h"

/** Start program -dcq with `in` as its input; *from gets its output. */
static bool start(const char *program, FILE *in, FILE **from, pid_t *pid)
{
    char name[8], flags[] = "-dcq";
    char *const arguments[] = {name, flags, NULL};
    int ends[2];
    snprintf(name, sizeof name, "%s", program);
    if (pipe(ends) != 0)
        return false;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fileno(in), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    const bool started = posix_spawnp(pid, program, &actions, NULL, arguments, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *from = started ? fdopen(ends[0], "rb") : NULL;
    if (*from == NULL)
        close(ends[0]);
    return *from != NULL;
}

static enum err pipe_through(const char *program, FILE *in, struct blob *out)
{
    FILE *from;
    pid_t pid;
    int status = 0;
    if (!start(program, in, &from, &pid))
        return ERR_IO;
    const enum err err = unpack_plain(from, out);
    fclose(from);
    if (waitpid(pid, &status, 0) != pid)
        return ERR_IO;
    return err == OK && status != 0 ? ERR_MALFORMED : err;
}

enum err unpack_zstd(FILE *in, struct blob *out)
{
    return pipe_through("zstd", in, out);
}

enum err unpack_xz(FILE *in, struct blob *out)
{
    return pipe_through("xz", in, out);
}
