#include "loop/entropy.h"

#include <errno.h>

#include <sys/random.h>

enum err entropy_fill(void *out, size_t n)
{
    uint8_t *at = out;
    while (n > 0) {
        const ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return ERR_IO;
        at += got;
        n -= (size_t)got;
    }
    return OK;
}
