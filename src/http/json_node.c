#include <inttypes.h>
#include <stdio.h>

#include "http/json.h"
#include "loop/address.h"

/** Who and where; the two halves are one object, split for the reader's sake. */
static json_t *identity_of(const struct node_view *v)
{
    char address[ADDRESS_TEXT_MAX];
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:I, s:s}", "name",
                     http_json_text(v->name), "cluster", http_json_text(v->cluster), "address",
                     address_format(&v->addr, address), "version", NODE_VERSION, "id",
                     http_json_hex(v->id), "epoch", http_json_hex(v->epoch), "generation",
                     http_json_number(v->generation), "incarnation", (json_int_t)v->version,
                     "state", v->state_text);
}

/** The id of a key, as packets carry it: it says which key, never what it is. */
static json_t *key_of(uint32_t id)
{
    char text[9];
    (void)snprintf(text, sizeof text, "%08" PRIx32, id);
    return json_string(text);
}

static json_t *keys_of(const struct node_view *v)
{
    json_t *out = json_array();
    for (size_t i = 0; i < v->keys_n; i++)
        (void)json_array_append_new(out, key_of(v->keys[i]));
    return out;
}

/** Steps of a rotation that are wanted and refused for now, and why. */
static json_t *refused_of(const struct node_view *v)
{
    json_t *out = json_array();
    for (size_t i = 0; i < v->rotation.pending_n; i++) {
        const struct node_rotated *r = &v->rotation.pending[i];
        (void)json_array_append_new(
            out, json_pack("{s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:b}", "step",
                           keyring_step_text(r->step), "key", key_of(r->key), "why",
                           rotation_why_word(r->why), "reason", rotation_why_text(r->why), "do",
                           rotation_why_advice(r->why), "member", http_json_text(r->member),
                           "members", http_json_number(r->members_n), "wait_ms",
                           http_json_number((r->wait_us + US_PER_MS - 1) / US_PER_MS), "can_force",
                           rotation_can_force(r->why)));
    }
    return out;
}

static json_t *rotation_of(const struct node_view *v)
{
    return json_pack("{s:o, s:o}", "quiet_ms", http_json_number(v->rotation.quiet_us / US_PER_MS),
                     "refused", refused_of(v));
}

static json_t *standing_of(const struct facts *f)
{
    const struct node_view *v = &f->node;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:s, s:s, s:o, s:o, "
        "s:b, s:o, s:o}",
        "index", http_json_number(v->index), "head", http_json_number(v->head), "view_hash",
        http_json_hex(v->view_hash), "vector_hash", http_json_hex(v->vector_hash), "gaps",
        http_json_number(v->gaps), "log", http_json_number(v->log_n), "members",
        http_json_number(v->members), "alive", http_json_number(v->alive), "origins",
        http_json_number(v->origins), "lhm", (int)v->lhm, "isolated", v->isolated, "sealed",
        v->sealed, "crypto", mode_text(v->crypto), "login", entry_text((enum entry)f->now.login),
        "keys", keys_of(v), "rotation", rotation_of(v), "ready", http_is_ready(v), "workers",
        http_json_number(f->now.workers), "uptime_ms",
        http_json_number(f->now.uptime_us / US_PER_MS));
}

json_t *http_json_node(const struct facts *f)
{
    json_t *out = identity_of(&f->node);
    json_t *standing = standing_of(f);
    const bool whole = json_object_update(out, standing) == 0;
    json_decref(standing);
    if (whole)
        return out;
    json_decref(out);
    return NULL;
}
