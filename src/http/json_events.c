#include <string.h>

#include "base/attr.h"
#include "http/json.h"
#include "loop/address.h"

static const char *what_of(enum swim_event_kind what)
{
    static const char *const WORDS[] = {
        [SWIM_JOIN] = "joined",
        [SWIM_REPLACED] = "replaced",
        [SWIM_UPDATE] = "updated",
        [SWIM_SUSPECTED] = "suspect",
        [SWIM_ALIVE_AGAIN] = "alive_again",
        [SWIM_LEAVE] = "left",
        [SWIM_FAIL] = "dead",
        [SWIM_FORGOTTEN] = "forgotten",
        [SWIM_CONFLICT] = "conflict",
        [SWIM_CONFLICT_OVER] = "conflict_over",
        [SWIM_ISOLATED] = "isolated",
        [SWIM_CONNECTED] = "connected",
    };
    return (size_t)what < ARRAY_LEN(WORDS) ? WORDS[what] : "changed";
}

/** A kind that this version does not know acts as DOT_ALL (base/dot.h). */
static const char *scope_of(uint8_t kind)
{
    switch ((enum dot_kind)kind) {
    case DOT_KEY:
    case DOT_PUT:
    case DOT_NOSTORE:
    case DOT_BEGIN:
    case DOT_COMMIT:
        return "key";
    case DOT_TAG:
        return "tag";
    case DOT_TAGS_ALL:
        return "tags_all";
    case DOT_PREFIX:
        return "prefix";
    case DOT_NAMESPACE:
        return "namespace";
    case DOT_BUCKETS:
        return "buckets";
    default:
        return "all";
    }
}

/** How many names it aims at: none when it aims at a whole; null when it carries only hashes of them. */
static json_t *targets_of(const struct http_event_dot *d)
{
    if (d->kind == DOT_TAGS_ALL || d->kind == DOT_BUCKETS)
        return json_null();
    return json_integer(dot_names_key(d->kind) || d->kind == DOT_TAG || d->kind == DOT_PREFIX);
}

static json_t *name_of(const struct http_event_name *name)
{
    return name->len == 0 ? json_null() : http_json_text(slice_of(name->at, name->len));
}

static json_t *member_of(const struct http_json_events *j, const struct http_event *event)
{
    char address[ADDRESS_TEXT_MAX];
    const struct http_event_member *m = &event->member;
    json_t *where =
        addr_known(&m->addr) ? json_string(address_format(&m->addr, address)) : json_null();
    return json_pack("{s:s, s:o, s:s, s:o, s:o, s:I, s:o, s:o}", "what", what_of(m->what), "name",
                     name_of(&m->name), "state", http_state_text(m->state), "address", where,
                     "generation", http_json_number(m->generation), "incarnation",
                     (json_int_t)m->incarnation, "accuser", name_of(&m->accuser), "age_ms",
                     http_json_age(event->at, j->now));
}

/** No dot of its own: there is nothing to ask for. */
static json_t *everything_of(const struct http_json_events *j, const struct http_event *event)
{
    return json_pack("{s:n, s:s, s:n, s:b, s:i, s:n, s:n, s:n, s:o}", "stamp", "scope", "all", "ns",
                     "soft", 0, "targets", 0, "issuer", "origin", "late_ms", "age_ms",
                     http_json_age(event->at, j->now));
}

/** late_ms: only its issuer knows at once how late it is; elsewhere a trace tells. */
static json_t *dot_of(const struct http_json_events *j, const struct http_event *event)
{
    const struct http_event_dot *d = &event->dot;
    const struct stamp stamp = {.epoch = d->epoch, .seq = d->seq, .count = 1};
    if (d->everything)
        return everything_of(j, event);
    return json_pack("{s:o, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "stamp",
                     http_json_stamp(j->hkey, &stamp), "scope", scope_of(d->kind), "ns",
                     d->named ? http_json_text(slice_of(d->ns, d->ns_len)) : json_null(), "soft",
                     (int)d->soft, "targets", targets_of(d), "issuer",
                     http_owners_name(j->owners, d->epoch), "origin", http_json_hex(d->epoch),
                     "late_ms", d->epoch == j->self ? json_integer(0) : json_null(), "age_ms",
                     http_json_age(event->at, j->now));
}

json_t *http_json_event(const struct http_json_events *j, const struct http_event *event,
                        const char **type)
{
    switch (event->kind) {
    case EVENT_MEMBER:
        *type = "member";
        return member_of(j, event);
    case EVENT_INVALIDATION:
        *type = "invalidation";
        return dot_of(j, event);
    default:
        *type = "state";
        return json_pack("{s:s, s:o}", "state", event->state, "age_ms",
                         http_json_age(event->at, j->now));
    }
}

/** What aims at everything, or at what is not known, may concern any namespace. */
static bool is_wanted(const struct http_json_wanted *wanted, const struct http_event *event)
{
    const struct http_event_dot *d = &event->dot;
    if (event->kind != EVENT_INVALIDATION)
        return false;
    if (!wanted->one_ns || d->everything || !d->named || strcmp(scope_of(d->kind), "all") == 0)
        return true;
    return slice_eq(slice_of(d->ns, d->ns_len), wanted->ns);
}

static json_t *list(const struct http_json_events *j, const struct http_events *events,
                    const struct http_json_wanted *wanted)
{
    const char *type = NULL;
    json_t *out = json_array();
    for (uint64_t id = events->added; id >= http_events_oldest(events); id--) {
        if (json_array_size(out) >= wanted->limit)
            break;
        const struct http_event *event = http_events_at(events, id);
        if (is_wanted(wanted, event))
            (void)json_array_append_new(out, http_json_event(j, event, &type));
    }
    return out;
}

json_t *http_json_invalidations(const struct node *n, const struct http_events *events,
                                const struct http_json_wanted *wanted, mono_us now)
{
    struct node_view self;
    struct http_owners owners = {.n = 0};
    node_inspect(n, &self);
    if (!http_owners_gather(&owners, n))
        return NULL;
    const struct http_json_events j = {
        .owners = &owners, .hkey = node_hkey(n), .self = self.epoch, .now = now};
    json_t *out = json_pack("{s:o, s:i, s:o}", "node", http_json_text(self.name), "kept",
                            EVENTS_MAX, "invalidations", list(&j, events, wanted));
    http_owners_fini(&owners);
    return out;
}
