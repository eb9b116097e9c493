/* stun PID SECONDS - hold all threads of a process but its first one still for a while, as if each had
 * hung: the first is a node's control thread, the others are its workers. Prints how many it holds. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/ptrace.h>
#include <sys/wait.h>

#define THREADS_MAX 64

/** Signals stop whole processes; a tracer stops one thread. */
static int hold(pid_t thread)
{
    int status;
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
        ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0)
        return -1;
    return waitpid(thread, &status, __WALL) == thread ? 0 : -1;
}

static size_t hold_workers(pid_t process, pid_t held[THREADS_MAX])
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%ld/task", (long)process);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return 0;
    for (struct dirent *e = readdir(tasks); e != NULL && n < THREADS_MAX; e = readdir(tasks)) {
        const pid_t thread = (pid_t)strtol(e->d_name, NULL, 10);
        if (thread > 0 && thread != process && hold(thread) == 0)
            held[n++] = thread;
    }
    closedir(tasks);
    return n;
}

int main(int argc, char **argv)
{
    pid_t held[THREADS_MAX];
    if (argc != 3) {
        fputs("usage: stun PID SECONDS\n", stderr);
        return 2;
    }
    const size_t n = hold_workers((pid_t)strtol(argv[1], NULL, 10), held);
    printf("%zu\n", n);
    (void)fflush(stdout);
    sleep((unsigned)strtoul(argv[2], NULL, 10));
    for (size_t i = 0; i < n; i++)
        (void)ptrace(PTRACE_DETACH, held[i], NULL, NULL);
    return n > 0 ? 0 : 1;
}
