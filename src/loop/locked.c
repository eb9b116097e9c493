#include "loop/locked.h"

#include <stdint.h>
#include <unistd.h>

#include <sys/mman.h>

/** The pages that hold len bytes at `at`. */
struct pages_of {
    void *at;
    size_t len;
};

static struct pages_of pages_of(void *at, size_t len)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t before = (uintptr_t)at % page;
    const size_t all = before + len;
    return (struct pages_of){.at = (char *)at - before, .len = (all + page - 1) / page * page};
}

bool locked_keep(void *at, size_t len)
{
    const struct pages_of p = pages_of(at, len);
    (void)madvise(p.at, p.len, MADV_DONTDUMP);
    return mlock(p.at, p.len) == 0;
}

void locked_release(void *at, size_t len)
{
    const struct pages_of p = pages_of(at, len);
    (void)munlock(p.at, p.len);
    (void)madvise(p.at, p.len, MADV_DODUMP);
}
