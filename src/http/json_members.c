#include "http/json.h"
#include "loop/address.h"

static json_t *rtt_of(const struct swim_member *m)
{
    return m->srtt_us == 0 ? json_null() : json_real((double)m->srtt_us / 1000.0);
}

static json_t *ack_age_of(const struct swim_member *m, mono_us now)
{
    if (m->self || m->last_ack_at == 0)
        return json_null();
    return http_json_age(m->last_ack_at, now);
}

static json_t *address_of(const struct addr *a)
{
    char text[ADDRESS_TEXT_MAX];
    return json_string(address_format(a, text));
}

static json_t *hash_of(uint64_t hash)
{
    return hash == 0 ? json_null() : http_json_hex(hash);
}

static json_t *accuser_of(const struct swim_member *m)
{
    return m->accuser.len == 0 ? json_null() : http_json_text(m->accuser);
}

/** How its present run votes. */
static const char *votes_of(const struct swim_member *m)
{
    if ((m->caps & NODE_CAP_ANEW) != 0)
        return "anew";
    return (m->caps & NODE_CAP_VOTES) != 0 ? "regular" : "none";
}

json_t *http_json_member(const struct node_view *self, const struct node_member *m, mono_us now)
{
    const struct swim_member *s = &m->swim;
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:I, s:o, s:o, s:I, "
        "s:b, s:s}",
        "name", http_json_text(s->name), "address", address_of(&s->addr), "state",
        http_state_text(s->state), "generation", http_json_number(s->generation), "incarnation",
        (json_int_t)s->version, "rtt_ms", rtt_of(s), "last_ack_ms", ack_age_of(s, now), "head",
        http_json_number(m->head), "applied", http_json_number(m->applied), "covered",
        http_json_number(s->self ? self->head : m->covered), "epoch", http_json_hex(s->epoch),
        "behind", m->behind, "proven", m->proven || s->self, "accusers", (json_int_t)s->accusers_n,
        "accuser", accuser_of(s), "view_hash", hash_of(s->self ? self->view_hash : s->view_hash),
        "data_age_ms", (json_int_t)s->data_age_ms, "self", s->self, "votes", votes_of(s));
}

static json_t *list(const struct node *n, const struct node_view *self, mono_us now)
{
    struct node_member m;
    json_t *out = json_array();
    for (size_t i = 0; i < self->members; i++) {
        node_member_at(n, i, &m);
        (void)json_array_append_new(out, http_json_member(self, &m, now));
    }
    return out;
}

json_t *http_json_members(const struct node *n, mono_us now)
{
    struct node_view self;
    node_inspect(n, &self);
    return json_pack("{s:o, s:o, s:o}", "node", http_json_text(self.name), "view_hash",
                     http_json_hex(self.view_hash), "members", list(n, &self, now));
}

json_t *http_json_member_named(const struct node *n, struct slice name, mono_us now, bool *known)
{
    struct node_view self;
    struct node_member m;
    node_inspect(n, &self);
    for (size_t i = 0; i < self.members; i++) {
        node_member_at(n, i, &m);
        *known = slice_eq(m.swim.name, name);
        if (*known)
            return http_json_member(&self, &m, now);
    }
    *known = false;
    return NULL;
}
