#include <criterion/criterion.h>
#include <string.h>

#include "base/attr.h"
#include "http/json.h"

#include "one_node.h"

#define NOW (100 * US_PER_SEC)

static const char *text(const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    cr_assert_not_null(value, "%s is no text", key);
    return value;
}

static json_int_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    cr_assert(json_is_integer(value), "%s is no whole number", key);
    return json_integer_value(value);
}

static bool is_null(const json_t *object, const char *key)
{
    return json_is_null(json_object_get(object, key));
}

/* ---- members ---- */

static const struct node_view SELF = {.view_hash = 0xabc, .head = 9};

static struct node_member peer(void)
{
    return (struct node_member){.swim = {.id = 1,
                                         .name = slice_text("b"),
                                         .addr = {.ip = {10, 0, 0, 2}, .ip_len = 4, .port = 6248},
                                         .state = SWIM_SUSPECT,
                                         .generation = 1700000000001,
                                         .version = 3,
                                         .epoch = 0xfedcba9876543210,
                                         .srtt_us = 1250,
                                         .last_ack_at = NOW - 1500 * US_PER_MS,
                                         .accusers_n = 2,
                                         .accuser = slice_text("c"),
                                         .view_hash = 0x10,
                                         .data_age_ms = 40},
                                .head = 7,
                                .applied = 6,
                                .covered = 5,
                                .behind = true,
                                .proven = true};
}

Test(json, a_member_has_the_shape_that_scripts_rely_on)
{
    const struct node_member m = peer();
    json_t *out = http_json_member(&SELF, &m, NOW);
    cr_assert_not_null(out);
    cr_assert_eq(json_object_size(out), 19);
    cr_assert_str_eq(text(out, "name"), "b");
    cr_assert_str_eq(text(out, "address"), "10.0.0.2:6248");
    cr_assert_str_eq(text(out, "state"), "suspect");
    cr_assert_eq(number(out, "generation"), 1700000000001);
    cr_assert_eq(number(out, "incarnation"), 3);
    cr_assert_float_eq(json_real_value(json_object_get(out, "rtt_ms")), 1.25, 1e-9);
    cr_assert_eq(number(out, "last_ack_ms"), 1500);
    cr_assert_eq(number(out, "head"), 7);
    cr_assert_eq(number(out, "applied"), 6);
    cr_assert_eq(number(out, "covered"), 5);
    cr_assert_str_eq(text(out, "epoch"), "fedcba9876543210");
    cr_assert(json_is_true(json_object_get(out, "behind")));
    cr_assert(json_is_true(json_object_get(out, "proven")));
    cr_assert_eq(number(out, "accusers"), 2);
    cr_assert_str_eq(text(out, "accuser"), "c");
    cr_assert_str_eq(text(out, "view_hash"), "0000000000000010");
    cr_assert_eq(number(out, "data_age_ms"), 40);
    cr_assert(json_is_false(json_object_get(out, "self")));
    cr_assert_str_eq(text(out, "votes"), "none");
    json_decref(out);
}

Test(json, a_member_tells_how_it_votes)
{
    struct node_member m = peer();
    m.swim.caps = NODE_CAP_VOTES;
    json_t *regular = http_json_member(&SELF, &m, NOW);
    m.swim.caps = NODE_CAP_ANEW;
    json_t *anew = http_json_member(&SELF, &m, NOW);
    cr_assert_str_eq(text(regular, "votes"), "regular");
    cr_assert_str_eq(text(anew, "votes"), "anew");
    json_decref(regular);
    json_decref(anew);
}

Test(json, what_is_not_known_of_a_member_is_null)
{
    struct node_member m = peer();
    m.swim.srtt_us = 0;
    m.swim.last_ack_at = 0;
    m.swim.accuser = (struct slice){0};
    m.swim.view_hash = 0;
    json_t *out = http_json_member(&SELF, &m, NOW);
    cr_assert(is_null(out, "rtt_ms"));
    cr_assert(is_null(out, "last_ack_ms"));
    cr_assert(is_null(out, "accuser"));
    cr_assert(is_null(out, "view_hash"));
    json_decref(out);
}

Test(json, the_node_covers_itself)
{
    struct node_member m = peer();
    m.swim.self = true;
    m.proven = false;
    m.covered = 0;
    json_t *out = http_json_member(&SELF, &m, NOW);
    cr_assert_eq(number(out, "covered"), 9);
    cr_assert_str_eq(text(out, "view_hash"), "0000000000000abc");
    cr_assert(json_is_true(json_object_get(out, "proven")));
    cr_assert(is_null(out, "last_ack_ms"));
    json_decref(out);
}

Test(json, each_state_has_its_word)
{
    cr_assert_str_eq(http_state_text(SWIM_CANDIDATE), "candidate");
    cr_assert_str_eq(http_state_text(SWIM_ALIVE), "alive");
    cr_assert_str_eq(http_state_text(SWIM_SUSPECT), "suspect");
    cr_assert_str_eq(http_state_text(SWIM_DEAD), "dead");
    cr_assert_str_eq(http_state_text(SWIM_LEFT), "left");
}

Test(json, members_hold_the_node_itself)
{
    struct one_node o;
    bool known = false;
    one_node_init(&o, "alone");
    json_t *out = http_json_members(o.node, o.now);
    const json_t *members = json_object_get(out, "members");
    cr_assert_eq(json_object_size(out), 3);
    cr_assert_str_eq(text(out, "node"), "alone");
    cr_assert_eq(strlen(text(out, "view_hash")), 16);
    cr_assert_eq(json_array_size(members), 1);
    cr_assert_str_eq(text(json_array_get(members, 0), "name"), "alone");
    cr_assert(json_is_true(json_object_get(json_array_get(members, 0), "self")));
    json_t *one = http_json_member_named(o.node, slice_text("alone"), o.now, &known);
    cr_assert(known);
    cr_assert(json_equal(one, json_array_get(members, 0)));
    cr_assert_null(http_json_member_named(o.node, slice_text("other"), o.now, &known));
    cr_assert_not(known);
    json_decref(one);
    json_decref(out);
    one_node_fini(&o);
}

/* ---- vectors ---- */

Test(json, vectors_name_the_member_behind_an_origin)
{
    struct one_node o;
    one_node_init(&o, "alone");
    one_node_issue(&o, 3);
    json_t *out = http_json_vectors(o.node, o.now);
    const json_t *origin = json_array_get(json_object_get(out, "origins"), 0);
    cr_assert_str_eq(text(out, "node"), "alone");
    cr_assert_str_neq(text(out, "vector_hash"), "0000000000000000");
    cr_assert_eq(json_array_size(json_object_get(out, "origins")), 1);
    cr_assert_str_eq(text(origin, "epoch"), "0102030405060708");
    cr_assert_str_eq(text(origin, "member"), "alone");
    cr_assert_eq(number(origin, "applied"), 3);
    cr_assert_eq(number(origin, "head"), 3);
    cr_assert_eq(json_array_size(json_object_get(origin, "gaps")), 0);
    cr_assert_eq(number(out, "retired"), 0);
    cr_assert_eq(number(out, "forgotten"), 0);
    json_decref(out);
    one_node_fini(&o);
}

/* ---- traces and namespaces ---- */

static const json_t *traced(const json_t *out, size_t i)
{
    return json_array_get(json_object_get(out, "nodes"), i);
}

Test(json, a_trace_tells_times_where_they_are_known)
{
    struct one_node o;
    one_node_init(&o, "alone");
    const struct node_traced rows[] = {
        {.name = slice_text("b"),
         .state = TRACE_APPLIED,
         .wait_us = 1500,
         .age_us = 7000,
         .timed = true,
         .late = {2250, 125}},
        {.name = slice_text("c"), .state = TRACE_COVERED, .acked = true, .acked_us = 2500},
        {.name = slice_text("d"), .silent = true, .state = TRACE_APPLIED},
        {.name = slice_text("e"), .state = TRACE_BARRED, .age_us = 9000}};
    const struct node_reply reply = {
        .epoch = 0x0102030405060708, .seq = 5, .count = 2, .traced = rows, .traced_n = 4};
    json_t *out = http_json_trace(o.node, &reply);
    cr_assert_eq(strlen(text(out, "stamp")), 48);
    cr_assert_str_eq(text(out, "origin"), "0102030405060708");
    cr_assert_str_eq(text(out, "issuer"), "alone");
    cr_assert(number(out, "seq") == 5 && number(out, "count") == 2);
    cr_assert_str_eq(text(traced(out, 0), "state"), "applied");
    cr_assert_float_eq(json_real_value(json_object_get(traced(out, 0), "wait_ms")), 1.5, 1e-9);
    cr_assert_eq(number(traced(out, 0), "age_ms"), 7);
    cr_assert_float_eq(json_real_value(json_object_get(traced(out, 0), "late_ms")), 2.25, 1e-9);
    cr_assert_float_eq(json_real_value(json_object_get(traced(out, 0), "late_error_ms")), 0.125,
                       1e-9);
    cr_assert(is_null(traced(out, 0), "acked_ms"));
    cr_assert_str_eq(text(traced(out, 1), "state"), "covered");
    cr_assert(is_null(traced(out, 1), "late_ms") && is_null(traced(out, 1), "late_error_ms"));
    cr_assert(is_null(traced(out, 1), "wait_ms") && is_null(traced(out, 1), "age_ms"));
    cr_assert_float_eq(json_real_value(json_object_get(traced(out, 1), "acked_ms")), 2.5, 1e-9);
    cr_assert_str_eq(text(traced(out, 2), "state"), "silent");
    cr_assert(is_null(traced(out, 2), "wait_ms"));
    cr_assert(is_null(traced(out, 3), "wait_ms"));
    cr_assert_eq(number(traced(out, 3), "age_ms"), 9, "a barrier has a time, too");
    json_decref(out);
    one_node_fini(&o);
}

Test(json, a_trace_of_an_unknown_run_has_no_issuer)
{
    struct one_node o;
    one_node_init(&o, "alone");
    json_t *out = http_json_trace(o.node, &(struct node_reply){.epoch = 9, .seq = 1, .count = 1});
    cr_assert(is_null(out, "issuer"));
    cr_assert_eq(json_array_size(json_object_get(out, "nodes")), 0);
    json_decref(out);
    one_node_fini(&o);
}

/* ---- the matrix ---- */

static const json_t *cell(const json_t *out, size_t row, const char *what, size_t column)
{
    const json_t *member = json_array_get(json_object_get(out, "members"), row);
    return json_array_get(json_object_get(member, what), column);
}

static const struct peer_heard OURS[] = {{5, 9, 7}, {0x0102030405060708, 3, 3}};
static const struct peer_heard THEIRS[] = {{5, 8, 8}, {6, 0, 0}};

/** What four members said, of whom b has so many origins left. */
static json_t *matrix(const struct one_node *o, uint32_t left)
{
    const struct node_surveyed rows[] = {
        {.name = slice_text("d"), .epoch = 9, .silent = true},
        {.name = slice_text("c"), .epoch = 6, .after_us = 1500, .heard = THEIRS, .heard_n = 2},
        {.name = slice_text("b"), .epoch = 5, .left = left, .heard = THEIRS, .heard_n = 1},
        {.name = slice_text("alone"), .epoch = 0x0102030405060708, .heard = OURS, .heard_n = 2}};
    return http_json_matrix(
        o->node, &(struct node_reply){
                     .ask = NODE_SURVEY, .took_us = 2250, .surveyed = rows, .surveyed_n = 4});
}

Test(json, a_matrix_tells_how_far_each_member_is_behind_the_newest)
{
    struct one_node o;
    one_node_init(&o, "alone");
    json_t *out = matrix(&o, 0);
    cr_assert_float_eq(json_real_value(json_object_get(out, "took_ms")), 2.25, 1e-9);
    cr_assert_eq(json_integer_value(cell(out, 0, "behind", 0)), 0);
    cr_assert_eq(json_integer_value(cell(out, 0, "behind", 1)), 2);
    cr_assert_eq(json_integer_value(cell(out, 0, "unheard", 1)), 0);
    cr_assert_eq(json_integer_value(cell(out, 1, "behind", 1)), 1);
    cr_assert_eq(json_integer_value(cell(out, 1, "unheard", 1)), 1);
    for (size_t row = 0; row < 3; row++)
        for (size_t column = 2; column < 4; column++)
            cr_assert(json_is_integer(cell(out, row, "behind", column)), "nobody heard of any");
    cr_assert(json_is_null(cell(out, 2, "behind", 0)), "c did not say so");
    for (size_t column = 0; column < 4; column++)
        cr_assert(json_is_null(cell(out, 3, "behind", column)) &&
                  json_is_null(cell(out, 3, "unheard", column)));
    json_decref(out);
    out = matrix(&o, 4);
    cr_assert(json_is_null(cell(out, 0, "behind", 2)), "b may have heard of some");
    cr_assert_eq(json_integer_value(cell(out, 2, "behind", 2)), 0, "c says so itself");
    json_decref(out);
    one_node_fini(&o);
}

Test(json, a_matrix_has_its_rows_and_columns_by_name)
{
    struct one_node o;
    one_node_init(&o, "alone");
    json_t *out = matrix(&o, 4);
    const json_t *origins = json_object_get(out, "origins");
    const json_t *members = json_object_get(out, "members");
    cr_assert_eq(json_array_size(origins), 4, "d is a member, though nobody told of its run");
    cr_assert_str_eq(text(json_array_get(origins, 0), "member"), "alone", "members come first");
    cr_assert(is_null(json_array_get(origins, 1), "member"));
    cr_assert_str_eq(text(json_array_get(origins, 1), "epoch"), "0000000000000005");
    cr_assert_eq(number(json_array_get(origins, 1), "newest"), 9, "the most that anybody heard");
    cr_assert_eq(number(json_array_get(origins, 3), "newest"), 0);
    cr_assert_str_eq(text(json_array_get(members, 0), "name"), "alone");
    cr_assert_str_eq(text(json_array_get(members, 3), "name"), "d");
    cr_assert(is_null(json_array_get(members, 3), "left"));
    cr_assert_eq(number(json_array_get(members, 1), "left"), 4);
    json_decref(out);
    one_node_fini(&o);
}

Test(json, namespaces_have_the_policies_that_are_configured)
{
    struct one_node o;
    uint8_t ns_i;
    const struct policy shop = {.ns = slice_text("shop"),
                                .strict = true,
                                .within_ms = 1,
                                .ttl_ms = 2,
                                .ttl_max_ms = 3,
                                .stale_ms = 4};
    const struct policies policies = {.at = &shop, .n = 1};
    one_node_init(&o, "alone");
    cr_assert_eq(cache_namespace(o.cache, slice_text("shop"), &ns_i), OK);
    json_t *out = http_json_namespaces(o.cache, &policies);
    const json_t *list = json_object_get(out, "namespaces");
    cr_assert_eq(json_array_size(list), 2);
    const json_t *open = json_array_get(list, 0);
    const json_t *strict = json_array_get(list, ns_i);
    cr_assert_str_eq(text(open, "name"), "");
    cr_assert(json_is_false(json_object_get(open, "strict")));
    cr_assert_eq(number(open, "ttl_ms"), 0);
    cr_assert_str_eq(text(strict, "name"), "shop");
    cr_assert(json_is_true(json_object_get(strict, "strict")));
    cr_assert_eq(number(strict, "within_ms"), 1);
    cr_assert_eq(number(strict, "ttl_ms"), 2);
    cr_assert_eq(number(strict, "ttl_max_ms"), 3);
    cr_assert_eq(number(strict, "stale_ms"), 4);
    json_decref(out);
    one_node_fini(&o);
}

/** Look for a key that is not there. */
static void miss(struct one_node *o, const char *ns)
{
    const struct cache_ask plain = {.stale_ok = false};
    struct cache_key key;
    cr_assert_eq(cache_key(o->cache, slice_text(ns), slice_text("k"), &key), OK);
    cr_assert_eq(cache_get(o->cache, o->now, &key, &plain, NULL, NULL), CACHE_ABSENT);
}

Test(json, namespaces_have_counters_of_their_own)
{
    static const char *const zero[] = {"items", "bytes",       "hits",    "stale_hits", "fills",
                                       "puts",  "invalidated", "evicted", "expired"};
    struct one_node o;
    uint8_t ns_i;
    const struct policies policies = {.n = 0};
    one_node_init(&o, "alone");
    cr_assert_eq(cache_namespace(o.cache, slice_text("shop"), &ns_i), OK);
    miss(&o, "");
    miss(&o, "shop");
    miss(&o, "shop");
    json_t *out = http_json_namespaces(o.cache, &policies);
    const json_t *list = json_object_get(out, "namespaces");
    cr_assert_eq(number(json_array_get(list, 0), "misses"), 1);
    cr_assert_eq(number(json_array_get(list, ns_i), "misses"), 2);
    for (size_t i = 0; i < ARRAY_LEN(zero); i++)
        cr_assert_eq(number(json_array_get(list, ns_i), zero[i]), 0, "%s", zero[i]);
    json_decref(out);
    one_node_fini(&o);
}

/* ---- node and stats ---- */

Test(json, the_node_has_the_shape_that_scripts_rely_on)
{
    static const char *const keys[] = {
        "name",  "cluster", "address",   "version",     "id",       "epoch",  "generation",
        "head",  "index",   "view_hash", "vector_hash", "gaps",     "log",    "members",
        "lhm",   "alive",   "origins",   "incarnation", "isolated", "sealed", "uptime_ms",
        "state", "crypto",  "keys",      "login"};
    const struct facts f = {.node = {.name = slice_text("a"),
                                     .cluster = slice_text("c"),
                                     .id = 0x1f,
                                     .vector_hash = UINT64_MAX,
                                     .state = NODE_READY,
                                     .state_text = "ready",
                                     .lhm = 3,
                                     .sealed = true,
                                     .crypto = SEAL_PREFER,
                                     .keys = {0x1f, 0xabcdef01},
                                     .keys_n = 2},
                            .now = {.uptime_us = 1234567, .login = ENTRY_ACCEPT}};
    json_t *out = http_json_node(&f);
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        cr_assert_not_null(json_object_get(out, keys[i]), "%s is missing", keys[i]);
    cr_assert_str_eq(text(out, "version"), NODE_VERSION);
    cr_assert_str_eq(text(out, "id"), "000000000000001f");
    cr_assert_str_eq(text(out, "vector_hash"), "ffffffffffffffff");
    cr_assert_eq(number(out, "lhm"), 3);
    cr_assert_eq(number(out, "uptime_ms"), 1234);
    cr_assert(json_is_true(json_object_get(out, "sealed")));
    cr_assert_str_eq(text(out, "crypto"), "prefer");
    cr_assert_str_eq(text(out, "login"), "accept");
    const json_t *ids = json_object_get(out, "keys");
    cr_assert_eq(json_array_size(ids), 2);
    cr_assert_str_eq(json_string_value(json_array_get(ids, 0)), "0000001f");
    cr_assert_str_eq(json_string_value(json_array_get(ids, 1)), "abcdef01");
    json_decref(out);
}

Test(json, stats_are_grouped)
{
    static const char *const groups[] = {"cache", "node",   "spread", "heal",
                                         "swim",  "ledger", "loop"};
    const struct facts f = {.cache = {.hits = 5, .refused[CACHE_TAG] = 6}, .node.heal.pulled = 7};
    json_t *out = http_json_stats(&f);
    for (size_t i = 0; i < ARRAY_LEN(groups); i++)
        cr_assert(json_is_object(json_object_get(out, groups[i])), "%s is missing", groups[i]);
    cr_assert_eq(number(json_object_get(out, "cache"), "hits"), 5);
    cr_assert_eq(number(json_object_get(out, "cache"), "refused_tag"), 6);
    cr_assert_eq(number(json_object_get(out, "heal"), "pulled"), 7);
    json_decref(out);
}

/* ---- values ---- */

Test(json, texts_are_valid_utf_8_whatever_the_bytes)
{
    static const uint8_t bad[] = {'a', 0xff, 0x0a, 'b'};
    json_t *good = http_json_text(slice_text("gr\xc3\xbc\xc3\x9f"));
    json_t *escaped = http_json_text(slice_of(bad, sizeof bad));
    json_t *empty = http_json_text((struct slice){0});
    cr_assert_str_eq(json_string_value(good), "gr\xc3\xbc\xc3\x9f");
    cr_assert_str_eq(json_string_value(escaped), "a\\xff\\x0ab");
    cr_assert_str_eq(json_string_value(empty), "");
    json_decref(good);
    json_decref(escaped);
    json_decref(empty);
}

Test(json, numbers_stay_exact_in_every_reader)
{
    json_t *exact = http_json_number((1ULL << 53) - 1);
    json_t *beyond = http_json_number(UINT64_MAX);
    cr_assert_eq(json_integer_value(exact), 9007199254740991);
    cr_assert_eq(json_integer_value(beyond), 9007199254740991);
    json_decref(exact);
    json_decref(beyond);
}
