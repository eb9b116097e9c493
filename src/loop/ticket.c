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
    t->command = (struct node_command){.ticket = ticket_number(t),
                                       .ask = cfg->issue->ask,
                                       .targets = t->targets,
                                       .targets_n = n,
                                       .stamps_n = cfg->issue->stamps_n,
                                       .ack = cfg->issue->ack,
                                       .timeout_us = cfg->issue->timeout_us};
    memcpy(t->command.stamps, cfg->issue->stamps, sizeof t->command.stamps);
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
    t->renders = cfg->issue == NULL;
    if (t->renders)
        return t;
    uint8_t *copy = (uint8_t *)t + frame_at;
    memcpy(copy, cfg->frame.at, cfg->frame.len);
    t->frame = slice_of(copy, cfg->frame.len);
    keep_targets(t, cfg, copy);
    if (t->op == OP_PUT)
        keep_put(t, cfg, copy);
    return t;
}

/** Copy n names to `to`, their bytes to *bytes, which moves on. */
static void copy_names(struct slice *to, uint8_t **bytes, const struct slice *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(*bytes, names[i].at, names[i].len);
        to[i] = slice_of(*bytes, names[i].len);
        *bytes += names[i].len;
    }
}

bool ticket_is_told(const struct node_reply *reply)
{
    return reply->err == OK && (reply->ask == NODE_TRACE || reply->ask == NODE_SURVEY);
}

void ticket_keep_reply(struct ticket *t, const struct node_reply *reply)
{
    const size_t n = reply->applied_n + reply->missing_n;
    size_t bytes = n * sizeof *t->names;
    for (size_t i = 0; i < n; i++)
        bytes +=
            i < reply->applied_n ? reply->applied[i].len : reply->missing[i - reply->applied_n].len;
    t->reply = *reply;
    t->reply.traced_n = t->reply.surveyed_n = 0; /* rendered, if asked for */
    t->names = n == 0 ? NULL : malloc(bytes);
    if (t->names == NULL) {
        t->reply.applied_n = t->reply.missing_n = 0;
        return;
    }
    uint8_t *at = (uint8_t *)(t->names + n);
    copy_names(t->names, &at, reply->applied, reply->applied_n);
    copy_names(t->names + reply->applied_n, &at, reply->missing, reply->missing_n);
    t->reply.applied = t->names;
    t->reply.missing = t->names + reply->applied_n;
}

void ticket_free(struct ticket *t)
{
    free(t->names);
    free(t->rendered);
    free(t);
}
