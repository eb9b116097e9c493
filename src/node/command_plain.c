/** node/command_plain.c - gets and fills, several at a time, so that their waits for memory overlap. */
#include <assert.h>

#include "node/command_inside.h"

void command_plain_prepare(const struct command_ctx *ctx, struct command_plain *p)
{
    const enum err err = cache_key(ctx->cache, p->request.ns, p->request.key, &p->key);
    assert(err == OK); /* the codec checked the same limits */
    (void)err;
    cache_hint(ctx->cache, p->key.hash, &p->hint);
}

void command_plain_hint(struct command_plain *p)
{
    cache_hint_index(&p->hint);
    if (p->request.op == OP_FILL)
        cache_hint_fill(&p->hint);
}

void command_plain_hint_item(const struct command_plain *p, size_t len)
{
    cache_hint_item(&p->hint, p->request.op == OP_GET ? p->request.key.len + len : 0);
}

enum client_status command_plain_run(const struct command_ctx *ctx, const struct command_call *call,
                                     const struct command_plain *p, struct writer *w)
{
    assert(p->request.op == OP_GET || p->request.op == OP_FILL);
    if (p->request.op == OP_GET)
        return command_get_plain(ctx, call, p, w);
    command_fill_plain(ctx, call->now, p, w);
    return STATUS_MISS;
}

size_t command_plain_room(const struct command_plain *p)
{
    return p->request.op == OP_GET ? VALUE_ROOM : REPLY_ROOM;
}

/* ---- the keys of one request ---- */

void command_group_add(const struct command_ctx *ctx, struct command_group *group, struct slice key)
{
    assert(group->n < GROUP);
    struct cache_key *made = &group->keys[group->n];
    const enum err err = cache_key(ctx->cache, group->ns, key, made);
    assert(err == OK); /* the codec checked the same limits */
    (void)err;
    cache_hint(ctx->cache, made->hash, &group->hints[group->n++]);
}

void command_group_hint(struct command_group *group)
{
    for (size_t i = 0; i < group->n; i++)
        cache_hint_index(&group->hints[i]);
    if (group->likely_len == 0)
        for (size_t i = 0; i < group->n; i++)
            cache_hint_fill(&group->hints[i]);
    for (size_t i = 0; i < group->n; i++)
        cache_hint_item(&group->hints[i], group->likely_len);
}
