#include "base/slice.h"

#include <assert.h>
#include <string.h>

struct slice slice_of(const void *at, size_t len)
{
    assert(at != NULL || len == 0);
    return (struct slice){.at = at, .len = len};
}

struct slice slice_text(const char *text)
{
    assert(text != NULL);
    return slice_of(text, strlen(text));
}

bool slice_eq(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_eq(slice_of(s.at, prefix.len), prefix);
}
