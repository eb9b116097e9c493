#include "swim/meta.h"

#include <string.h>

bool meta_eq(const struct swim_meta *a, const struct swim_meta *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

struct swim_meta meta_of(const struct peer_record *r)
{
    struct swim_meta meta = {.len = 0};
    if (r->meta.len == 0 || r->meta.len > sizeof meta.bytes)
        return meta;
    meta.len = (uint8_t)r->meta.len;
    memcpy(meta.bytes, r->meta.at, r->meta.len);
    return meta;
}
