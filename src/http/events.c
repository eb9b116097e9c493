#include "http/events.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool http_events_init(struct http_events *e)
{
    *e = (struct http_events){.ring = calloc(EVENTS_MAX, sizeof *e->ring)};
    return e->ring != NULL;
}

void http_events_fini(struct http_events *e)
{
    free(e->ring);
    *e = (struct http_events){.ring = NULL};
}

static struct http_event *slot_of(const struct http_events *e, uint64_t id)
{
    return &e->ring[id % EVENTS_MAX];
}

static struct http_event *add(struct http_events *e, mono_us now, enum http_event_kind kind)
{
    struct http_event *slot = slot_of(e, ++e->added);
    *slot = (struct http_event){.id = e->added, .at = now, .kind = kind};
    return slot;
}

static struct http_event_name name_of(struct slice s)
{
    struct http_event_name out = {.len = (uint8_t)(s.len < PEER_NAME_MAX ? s.len : PEER_NAME_MAX)};
    if (out.len > 0)
        memcpy(out.at, s.at, out.len);
    return out;
}

void http_events_member(struct http_events *e, mono_us now, enum swim_event_kind what,
                        const struct swim_member *member)
{
    add(e, now, EVENT_MEMBER)->member = (struct http_event_member){
        .what = what,
        .state = member->state,
        .incarnation = member->version,
        .generation = member->generation,
        .addr = member->addr,
        .name = name_of(member->name),
        .accuser = name_of(member->accuser),
    };
}

void http_events_applied(struct http_events *e, mono_us now, const struct node_applied *applied)
{
    const struct dot *d = &applied->dot;
    struct http_event_dot *out = &add(e, now, EVENT_INVALIDATION)->dot;
    *out = (struct http_event_dot){.everything = applied->everything,
                                   .soft = d->soft,
                                   .kind = applied->everything ? DOT_ALL : d->kind,
                                   .epoch = d->epoch,
                                   .seq = d->seq};
    /* What peers say is longer than a namespace can be is none. */
    out->named = d->name.known && d->name.ns.len <= sizeof out->ns;
    if (!out->named || d->name.ns.len == 0)
        return;
    out->ns_len = (uint8_t)d->name.ns.len;
    memcpy(out->ns, d->name.ns.at, out->ns_len);
}

void http_events_state(struct http_events *e, mono_us now, const char *state)
{
    add(e, now, EVENT_STATE)->state = state;
}

uint64_t http_events_oldest(const struct http_events *e)
{
    return e->added < EVENTS_MAX ? 1 : e->added - EVENTS_MAX + 1;
}

const struct http_event *http_events_at(const struct http_events *e, uint64_t id)
{
    assert(id >= http_events_oldest(e) && id <= e->added);
    return slot_of(e, id);
}
