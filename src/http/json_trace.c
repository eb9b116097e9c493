#include "http/json.h"

static const char *word_of(const struct node_traced *t)
{
    static const char *const WORDS[] = {[TRACE_UNKNOWN] = "unknown",
                                        [TRACE_MISSING] = "missing",
                                        [TRACE_COVERED] = "covered",
                                        [TRACE_APPLIED] = "applied",
                                        [TRACE_BARRED] = "barred"};
    return t->silent ? "silent" : WORDS[t->state];
}

static json_t *ms_of(uint64_t us)
{
    return json_real((double)us / 1000.0);
}

static json_t *node_of(const struct node_traced *t)
{
    const bool applied = !t->silent && t->state == TRACE_APPLIED;
    const bool aged = applied || (!t->silent && t->state == TRACE_BARRED);
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "name", http_json_text(t->name),
                     "state", word_of(t), "late_ms",
                     t->timed ? ms_of(t->late.late_us) : json_null(), "late_error_ms",
                     t->timed ? ms_of(t->late.error_us) : json_null(), "wait_ms",
                     applied ? ms_of(t->wait_us) : json_null(), "age_ms",
                     aged ? http_json_number(t->age_us / US_PER_MS) : json_null(), "acked_ms",
                     t->acked ? ms_of(t->acked_us) : json_null());
}

/** Who issued it: the member whose run has this epoch. */
static json_t *issuer_of(const struct node *n, const struct node_view *self, uint64_t epoch)
{
    struct node_member m;
    for (size_t i = 0; i < self->members; i++) {
        node_member_at(n, i, &m);
        if (m.swim.epoch == epoch)
            return http_json_text(m.swim.name);
    }
    return json_null();
}

json_t *http_json_trace(const struct node *n, const struct node_reply *reply)
{
    const struct stamp stamp = {.epoch = reply->epoch, .seq = reply->seq, .count = reply->count};
    struct node_view self;
    json_t *nodes = json_array();
    node_inspect(n, &self);
    for (size_t i = 0; i < reply->traced_n; i++)
        (void)json_array_append_new(nodes, node_of(&reply->traced[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "stamp",
                     http_json_stamp(node_hkey(n), &stamp), "origin", http_json_hex(reply->epoch),
                     "seq", http_json_number(reply->seq), "count", http_json_number(reply->count),
                     "issuer", issuer_of(n, &self, reply->epoch), "nodes", nodes);
}
