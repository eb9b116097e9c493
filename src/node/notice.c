#include "node/notice.h"

#include <assert.h>
#include <string.h>

/* Linear, not circular: the driver drains it after every input, and then it begins anew. */
struct notices {
    struct node_out *at;
    uint32_t n;       /* queued */
    uint32_t taken;   /* of them already given */
    uint32_t applied; /* of them applied dots */
    bool everything;  /* an "everything" is queued: further dots say nothing new */
    uint8_t *names;
    size_t names_len;
};

struct notices *notices_new(struct arena *arena)
{
    struct notices *q = arena_take(arena, 1, sizeof *q);
    struct node_out *at = arena_take(arena, NOTICE_MAX, sizeof *at);
    uint8_t *names = arena_take(arena, NOTICE_NAMES, 1);
    if (q == NULL || at == NULL || names == NULL)
        return NULL;
    *q = (struct notices){.at = at, .names = names};
    return q;
}

static void begin_anew(struct notices *q)
{
    if (q->taken < q->n)
        return;
    q->n = q->taken = q->applied = 0;
    q->everything = false;
    q->names_len = 0;
}

static void push(struct notices *q, const struct node_out *out)
{
    assert(q->n < NOTICE_MAX); /* a driver that does not drain would lose replies */
    q->at[q->n++] = *out;
}

void notice_add(struct notices *q, const struct node_out *out)
{
    begin_anew(q);
    push(q, out);
}

static bool keep_name(struct notices *q, struct slice *name)
{
    if (NOTICE_NAMES - q->names_len < name->len)
        return false;
    uint8_t *kept = q->names + q->names_len;
    if (name->len > 0)
        memcpy(kept, name->at, name->len);
    q->names_len += name->len;
    *name = slice_of(kept, name->len);
    return true;
}

void notice_everything(struct notices *q)
{
    begin_anew(q);
    if (q->everything)
        return;
    q->everything = true;
    push(q, &(struct node_out){.kind = NODE_OUT_APPLIED, .applied = {.everything = true}});
}

void notice_applied(struct notices *q, const struct dot *d)
{
    struct node_out out = {.kind = NODE_OUT_APPLIED, .applied = {.dot = *d}};
    begin_anew(q);
    if (q->everything)
        return;
    struct dot_name *name = &out.applied.dot.name;
    out.applied.dot.more = (struct slice){0}; /* nobody is told bitmaps */
    const bool fits = q->applied < NOTICE_APPLIED &&
                      (!name->known || (keep_name(q, &name->ns) && keep_name(q, &name->target)));
    if (!fits) {
        notice_everything(q);
        return;
    }
    q->applied++;
    push(q, &out);
}

void notice_event(struct notices *q, enum swim_event_kind event, const struct swim_member *member)
{
    struct node_out out = {.kind = NODE_OUT_EVENT, .event = event, .member = *member};
    begin_anew(q);
    if (q->n >= NOTICE_MAX / 2 || !keep_name(q, &out.member.name) ||
        !keep_name(q, &out.member.accuser))
        return;
    push(q, &out);
}

bool notice_take(struct notices *q, struct node_out *out)
{
    if (q->taken == q->n)
        return false;
    *out = q->at[q->taken++];
    return true;
}

bool notices_empty(const struct notices *q)
{
    return q->taken == q->n;
}
