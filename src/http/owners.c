#include "http/owners.h"

#include <stdlib.h>
#include <string.h>

#include "http/json.h"
#include "wire/peer.h"

struct http_owner {
    uint64_t epoch;
    uint8_t name_len;
    uint8_t name[PEER_NAME_MAX];
};

static int compare(const void *a, const void *b)
{
    const uint64_t x = ((const struct http_owner *)a)->epoch;
    const uint64_t y = ((const struct http_owner *)b)->epoch;
    return (x > y) - (x < y);
}

bool http_owners_gather(struct http_owners *o, const struct node *n)
{
    struct node_view self;
    struct node_member m;
    http_owners_fini(o);
    node_inspect(n, &self);
    o->at = calloc(self.members + 1, sizeof *o->at);
    if (o->at == NULL)
        return false;
    for (; o->n < self.members; o->n++) {
        struct http_owner *owner = &o->at[o->n];
        node_member_at(n, o->n, &m);
        owner->epoch = m.swim.epoch;
        owner->name_len = (uint8_t)m.swim.name.len;
        memcpy(owner->name, m.swim.name.at, owner->name_len);
    }
    qsort(o->at, o->n, sizeof *o->at, compare);
    return true;
}

json_t *http_owners_name(const struct http_owners *o, uint64_t epoch)
{
    const struct http_owner wanted = {.epoch = epoch};
    if (o->n == 0)
        return json_null();
    const struct http_owner *found = bsearch(&wanted, o->at, o->n, sizeof *o->at, compare);
    return found == NULL ? json_null() : http_json_text(slice_of(found->name, found->name_len));
}

void http_owners_fini(struct http_owners *o)
{
    free(o->at);
    *o = (struct http_owners){.n = 0};
}
