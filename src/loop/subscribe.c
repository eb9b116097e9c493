#include "loop/subscribe.h"

#include <stdlib.h>
#include <string.h>

/* ---- pushes ---- */

static enum client_scope scope_of(const struct node_applied *applied)
{
    const struct dot *d = &applied->dot;
    if (applied->everything || !d->name.known)
        return SCOPE_ALL;
    switch (d->kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_NOSTORE:
    case DOT_BEGIN:
        return SCOPE_KEY;
    case DOT_TAG:
        return SCOPE_TAG;
    case DOT_PREFIX:
        return SCOPE_PREFIX;
    case DOT_NAMESPACE:
    case DOT_TAGS_ALL: /* there is no word for sets of tags in a push */
        return SCOPE_NAMESPACE;
    default:
        return SCOPE_ALL;
    }
}

static struct slice keep(uint8_t *to, struct slice s)
{
    if (s.len > 0)
        memcpy(to, s.at, s.len);
    return slice_of(to, s.len);
}

struct push *push_new(const struct node_applied *applied, const struct hkey *hkey)
{
    static const struct slice none;
    const struct dot *d = &applied->dot;
    const enum client_scope scope = scope_of(applied);
    const struct slice ns = scope == SCOPE_ALL ? none : d->name.ns;
    const bool aimed = scope != SCOPE_ALL && scope != SCOPE_NAMESPACE;
    const struct slice target = aimed ? d->name.target : none;
    struct push *p = malloc(sizeof *p + ns.len + target.len);
    if (p == NULL)
        return NULL;
    *p = (struct push){.scope = scope, .has_stamp = !applied->everything};
    atomic_init(&p->refs, 1);
    p->ns = keep(p->bytes, ns);
    p->target = keep(p->bytes + ns.len, target);
    const struct stamp stamp = {.epoch = d->epoch, .seq = d->seq, .count = 1};
    if (p->has_stamp)
        stamp_write(hkey, &stamp, p->stamp);
    return p;
}

void push_hold(struct push *p)
{
    atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
}

void push_drop(struct push *p)
{
    if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
        free(p);
}

/* ---- filters ---- */

static struct slice ns_of(const struct filter *f)
{
    return slice_of(f->bytes, f->ns_len);
}

static struct slice prefix_of(const struct filter *f)
{
    return slice_of(f->bytes + f->ns_len, f->prefix_len);
}

static struct filter *find_filter(struct filters *f, struct slice ns, struct slice prefix)
{
    for (size_t i = 0; i < f->n; i++) {
        if (slice_eq(ns_of(&f->at[i]), ns) && slice_eq(prefix_of(&f->at[i]), prefix))
            return &f->at[i];
    }
    return NULL;
}

enum err filters_add(struct filters *f, struct slice ns, struct slice prefix)
{
    if (find_filter(f, ns, prefix) != NULL)
        return OK;
    if (f->n == CLIENT_SUBSCRIPTIONS_MAX)
        return ERR_FULL;
    uint8_t *bytes = malloc(ns.len + prefix.len + 1);
    if (bytes == NULL)
        return ERR_FULL;
    (void)keep(bytes, ns);
    (void)keep(bytes + ns.len, prefix);
    f->at[f->n++] = (struct filter){.bytes = bytes, .ns_len = ns.len, .prefix_len = prefix.len};
    return OK;
}

bool filters_remove(struct filters *f, struct slice ns, struct slice prefix)
{
    struct filter *found = find_filter(f, ns, prefix);
    if (found == NULL)
        return false;
    free(found->bytes);
    *found = f->at[--f->n];
    return true;
}

void filters_clear(struct filters *f)
{
    while (f->n > 0)
        free(f->at[--f->n].bytes);
}

static bool wants(const struct filter *f, const struct push *p)
{
    const struct slice prefix = prefix_of(f);
    if (p->scope == SCOPE_ALL)
        return true;
    if (!slice_eq(ns_of(f), p->ns))
        return false;
    if (p->scope == SCOPE_KEY)
        return slice_starts(p->target, prefix);
    if (p->scope == SCOPE_PREFIX) /* some key may begin with both */
        return slice_starts(p->target, prefix) || slice_starts(prefix, p->target);
    return true; /* tag, namespace: any key of the namespace may be meant */
}

bool filters_want(const struct filters *f, const struct push *p)
{
    for (size_t i = 0; i < f->n; i++) {
        if (wants(&f->at[i], p))
            return true;
    }
    return false;
}
