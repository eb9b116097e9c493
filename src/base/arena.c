#include "base/arena.h"

#include <assert.h>

#define LINE ((size_t)64)

void arena_init(struct arena *a, void *mem, size_t len)
{
    assert(a != NULL);
    assert(mem != NULL || len == 0);
    *a = (struct arena){.at = mem, .len = len};
}

void *arena_take(struct arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (a->at == NULL || __builtin_mul_overflow(n, size, &bytes))
        return NULL;
    const size_t skew = (size_t)((uintptr_t)(a->at + a->used) % LINE);
    const size_t pad = skew == 0 ? 0 : LINE - skew;
    const size_t room = a->len - a->used;
    if (room < pad || room - pad < bytes)
        return NULL;
    uint8_t *taken = a->at + a->used + pad;
    a->used += pad + bytes;
    return taken;
}
