#include "loop/ticket.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint64_t ticket_number(const struct ticket *t)
{
    return (uintptr_t)t;
}

struct ticket *ticket_of(uint64_t number)
{
    const uintptr_t address = (uintptr_t)number;
    struct ticket *t;
    memcpy(&t, &address, sizeof address);
    return t;
}

/** Point s, which lies in `from`, at the same bytes of the copy at `to`. */
static void rebase(struct slice *s, struct slice from, const uint8_t *to)
{
    if (s->len == 0) {
        *s = (struct slice){.at = NULL};
        return;
    }
    const size_t offset = (size_t)(s->at - from.at);
    assert(s->at >= from.at && offset <= from.len && s->len <= from.len - offset);
    s->at = to + offset;
}

static void keep_targets(struct ticket *t, const struct ticket_cfg *cfg, const uint8_t *copy)
{
    const size_t n = cfg->issue->targets_n;
    for (size_t i = 0; i < n; i++) {
        t->targets[i] = cfg->issue->targets[i];
        rebase(&t->targets[i].ns, cfg->frame, copy);
        rebase(&t->targets[i].target, cfg->frame, copy);
    }
    t->command =
        (struct node_command){.ticket = ticket_number(t), .targets = t->targets, .targets_n = n};
}

static void keep_put(struct ticket *t, const struct ticket_cfg *cfg, const uint8_t *copy)
{
    struct command_put *put = &t->put;
    *put = (struct command_put){
        .id = cfg->request->id, .ns = cfg->request->ns, .fill = cfg->request->fill};
    rebase(&put->ns, cfg->frame, copy);
    rebase(&put->fill.key, cfg->frame, copy);
    rebase(&put->fill.value, cfg->frame, copy);
    rebase(&put->fill.token, cfg->frame, copy);
    for (size_t i = 0; i < put->fill.tags_n; i++)
        rebase(&put->fill.tags[i], cfg->frame, copy);
}

struct ticket *ticket_new(const struct ticket_cfg *cfg)
{
    const size_t n = cfg->issue == NULL ? 0 : cfg->issue->targets_n;
    const size_t frame_at = sizeof(struct ticket) + n * sizeof(struct node_target);
    const size_t bytes = frame_at + (cfg->issue == NULL ? 0 : cfg->frame.len);
    struct ticket *t = malloc(bytes);
    if (t == NULL)
        return NULL;
    *t = (struct ticket){.id = cfg->request->id, .op = cfg->request->op, .bytes = bytes};
    if (cfg->issue == NULL)
        return t;
    uint8_t *copy = (uint8_t *)t + frame_at;
    memcpy(copy, cfg->frame.at, cfg->frame.len);
    keep_targets(t, cfg, copy);
    if (t->op == OP_PUT)
        keep_put(t, cfg, copy);
    return t;
}

void ticket_free(struct ticket *t)
{
    free(t->rendered);
    free(t);
}
