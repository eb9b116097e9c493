#include "app/advice.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <sys/resource.h>
#include <sys/stat.h>

#define FILES_FEW 1024
#define BEGINNING 1704067200 /* 2024-01-01T00:00:00Z: no clock that is set is before that */

const char *advice_of_file(int error)
{
    switch (error) {
    case ENOENT:
        return "check the path";
    case EACCES:
        return "let the user who runs scrubjayd read it";
    case EISDIR:
        return "give the path of the file in it";
    case EFBIG:
        return "that is no file of this kind";
    default:
        return "check the file";
    }
}

static void warn_of_files(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < FILES_FEW)
        (void)fprintf(stderr,
                      "scrubjayd: warning: only %llu files may be open, and each client takes one: "
                      "raise the limit (ulimit -n, or LimitNOFILE= of systemd)\n",
                      (unsigned long long)files.rlim_cur);
}

/** Whether a clock is right cannot be known here; that it was never set can. */
static void warn_of_clock(void)
{
    const time_t now = time(NULL);
    if (now < BEGINNING)
        (void)fprintf(stderr,
                      "scrubjayd: warning: the clock says a time before 2024: set it, or this run "
                      "is taken to be older than the one before it\n");
}

static void warn_of_keyring(const char *path)
{
    struct stat s;
    if (path != NULL && stat(path, &s) == 0 && (s.st_mode & S_IRWXO) != 0)
        (void)fprintf(stderr,
                      "scrubjayd: warning: everybody on this machine can read keyring %s (mode "
                      "%04o): chmod 600 %s\n",
                      path, (unsigned)(s.st_mode & 07777), path);
}

void advice_warn(const char *keyring)
{
    warn_of_files();
    warn_of_clock();
    warn_of_keyring(keyring);
}
