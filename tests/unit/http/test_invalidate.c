#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "http/invalidate.h"

static const struct hkey HKEY = {{1, 2, 3}};

static enum err try_body(const char *body, struct http_invalidate *out, struct client_fault *fault)
{
    *fault = (struct client_fault){.name = ""};
    return http_invalidate_read(&HKEY, slice_text(body), out, fault);
}

static void refused(const char *body, const char *name, const char *part)
{
    static struct http_invalidate i;
    struct client_fault fault;
    cr_assert_neq(try_body(body, &i, &fault), OK, "%s", body);
    cr_assert_null(i.root, "nothing is left to release");
    cr_assert_str_eq(fault.name, name, "%s: %s", body, fault.text);
    cr_assert_not_null(strstr(fault.text, part), "%s: %s", body, fault.text);
}

/** {"KEY": "aaa..."} with n letters. */
static const char *long_text(const char *format, size_t n)
{
    static char body[4096];
    static char letters[2048];
    memset(letters, 'a', n);
    letters[n] = '\0';
    (void)snprintf(body, sizeof body, format, letters);
    return body;
}

static const struct node_target *one(struct http_invalidate *i, const char *body)
{
    struct client_fault fault;
    cr_assert_eq(try_body(body, i, &fault), OK, "%s", fault.text);
    cr_assert_eq(i->targets_n, 1);
    return &i->targets[0];
}

Test(invalidate, each_way_to_aim)
{
    static struct http_invalidate i;
    const struct slice ns = slice_text("shop");
    const struct node_target *t = one(&i, "{\"key\": \"k\", \"ns\": \"shop\"}");
    cr_assert_eq(t->kind, DOT_KEY);
    cr_assert_eq(t->hash, hash_target(&HKEY, TARGET_KEY, ns, slice_text("k")));
    cr_assert(slice_eq(t->ns, ns) && slice_eq(t->target, slice_text("k")));
    http_invalidate_fini(&i);
    t = one(&i, "{\"tags\": [\"t\"], \"ns\": \"shop\"}");
    cr_assert_eq(t->kind, DOT_TAG);
    cr_assert_eq(t->hash, hash_target(&HKEY, TARGET_TAG, ns, slice_text("t")));
    http_invalidate_fini(&i);
    t = one(&i, "{\"prefix\": \"p/\", \"ns\": \"shop\"}");
    cr_assert_eq(t->kind, DOT_PREFIX);
    cr_assert_eq(t->prefix_len, 2);
    cr_assert_eq(t->hash, hash_target(&HKEY, TARGET_PREFIX, ns, slice_text("p/")));
    http_invalidate_fini(&i);
    t = one(&i, "{\"ns\": \"shop\", \"namespace\": true}");
    cr_assert_eq(t->kind, DOT_NAMESPACE);
    cr_assert_eq(t->hash, hash_target(&HKEY, TARGET_NAMESPACE, ns, slice_text("")));
    http_invalidate_fini(&i);
    t = one(&i, "{\"all\": true}");
    cr_assert_eq(t->kind, DOT_ALL);
    cr_assert_eq(t->hash, 0);
    http_invalidate_fini(&i);
}

Test(invalidate, the_namespace_counts_wherever_it_stands)
{
    static struct http_invalidate before, after;
    const struct node_target *a = one(&before, "{\"ns\": \"shop\", \"key\": \"k\"}");
    const struct node_target *b = one(&after, "{\"key\": \"k\", \"ns\": \"shop\"}");
    cr_assert_eq(a->hash, b->hash);
    http_invalidate_fini(&before);
    http_invalidate_fini(&after);
}

Test(invalidate, many_keys_are_one_request)
{
    static struct http_invalidate i;
    struct client_fault fault;
    cr_assert_eq(try_body("{\"keys\": [\"a\", \"b\"], \"ack\": \"local\", \"timeout_ms\": 100, "
                          "\"reason\": \"price changed\"}",
                          &i, &fault),
                 OK);
    cr_assert_eq(i.targets_n, 2);
    cr_assert(slice_eq(i.targets[1].target, slice_text("b")));
    http_invalidate_fini(&i);
}

Test(invalidate, limits_name_value_and_limit)
{
    refused(long_text("{\"key\": \"%s\"}", 1025), "KEY_TOO_LONG",
            "key has 1,025 bytes; the limit is 1,024");
    refused(long_text("{\"prefix\": \"%s\"}", 1025), "KEY_TOO_LONG",
            "prefix has 1,025 bytes; the limit is 1,024");
    refused(long_text("{\"tags\": [\"%s\"]}", 129), "TAG_TOO_LONG",
            "tag has 129 bytes; the limit is 128");
    refused(long_text("{\"key\": \"k\", \"ns\": \"%s\"}", 65), "NS_TOO_LONG",
            "namespace has 65 bytes; the limit is 64");
    refused(long_text("{\"key\": \"k\", \"reason\": \"%s\"}", 256), "REASON_TOO_LONG",
            "reason has 256 bytes; the limit is 255");
    refused("{\"key\": \"\"}", "KEY_EMPTY", "0 bytes");
    refused("{\"tags\": [\"\"]}", "TAG_EMPTY", "0 bytes");
    refused("{\"prefix\": \"\"}", "PREFIX_EMPTY", "0 bytes");
}

Test(invalidate, texts_at_the_limit_are_taken)
{
    static struct http_invalidate i;
    one(&i, long_text("{\"key\": \"%s\"}", 1024));
    http_invalidate_fini(&i);
    one(&i, long_text("{\"tags\": [\"%s\"]}", 128));
    http_invalidate_fini(&i);
    one(&i, long_text("{\"key\": \"k\", \"ns\": \"%s\"}", 64));
    http_invalidate_fini(&i);
}

static char *many(size_t n)
{
    char *body = malloc(n * 4 + 32);
    size_t at = (size_t)snprintf(body, 32, "{\"keys\": [");
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(body + at, 8, "%s\"k\"", i == 0 ? "" : ",");
    (void)snprintf(body + at, 8, "]}");
    return body;
}

Test(invalidate, at_most_256_targets)
{
    static struct http_invalidate i;
    struct client_fault fault;
    char *most = many(256);
    char *over = many(257);
    cr_assert_eq(try_body(most, &i, &fault), OK);
    cr_assert_eq(i.targets_n, 256);
    http_invalidate_fini(&i);
    refused(over, "TOO_MANY_TARGETS", "257 targets; the limit is 256");
    free(most);
    free(over);
}

/* ---- options ---- */

/** The options of a body that is good. */
static struct http_invalidate options(const char *body)
{
    static struct http_invalidate i;
    one(&i, body);
    http_invalidate_fini(&i);
    return i;
}

Test(invalidate, levels_are_words_or_a_number_of_nodes)
{
    cr_assert_eq(options("{\"key\": \"k\"}").ack.level, ACK_DEFAULT);
    cr_assert_eq(options("{\"key\": \"k\", \"ack\": \"local\"}").ack.level, ACK_LOCAL);
    cr_assert_eq(options("{\"key\": \"k\", \"ack\": \"quorum\"}").ack.level, ACK_QUORUM);
    cr_assert_eq(options("{\"key\": \"k\", \"ack\": \"all\"}").ack.level, ACK_ALL);
    cr_assert_eq(options("{\"key\": \"k\", \"ack\": \"fenced\"}").ack.level, ACK_FENCED);
    const struct client_ack most = options("{\"key\": \"k\", \"ack\": 1023}").ack;
    cr_assert(most.level == ACK_NODES && most.k == 1023);
    refused("{\"key\": \"k\", \"ack\": 1024}", "BAD_OPTION",
            "ack has 1,024 nodes; the limit is 1,023");
    refused("{\"key\": \"k\", \"ack\": 0}", "BAD_OPTION", "ack has 0 nodes; the least is 1");
    refused("{\"key\": \"k\", \"ack\": -1}", "BAD_ARGS", "ack must be an unsigned integer");
    refused("{\"key\": \"k\", \"ack\": \"most\"}", "BAD_ARGS", "\"quorum\"");
    refused("{\"key\": \"k\", \"ack\": true}", "BAD_ARGS", "\"quorum\"");
}

Test(invalidate, the_wait_for_a_level_has_a_limit)
{
    cr_assert_eq(options("{\"key\": \"k\"}").timeout_us, US_PER_SEC);
    cr_assert_eq(options("{\"key\": \"k\", \"timeout_ms\": 1}").timeout_us, US_PER_MS);
    cr_assert_eq(options("{\"key\": \"k\", \"timeout_ms\": 60000}").timeout_us, 60 * US_PER_SEC);
    refused("{\"key\": \"k\", \"timeout_ms\": 60001}", "BAD_OPTION",
            "timeout_ms has 60,001 ms; the limit is 60,000");
    refused("{\"key\": \"k\", \"timeout_ms\": 0}", "BAD_OPTION",
            "timeout_ms has 0 ms; the least is 1");
    refused("{\"key\": \"k\", \"timeout_ms\": \"1\"}", "BAD_ARGS",
            "timeout_ms must be an unsigned integer");
}

Test(invalidate, soft_goes_with_what_can_be_marked)
{
    static struct http_invalidate i;
    cr_assert(one(&i, "{\"soft\": true, \"key\": \"k\"}")->soft);
    http_invalidate_fini(&i);
    cr_assert(one(&i, "{\"tags\": [\"t\"], \"soft\": true}")->soft);
    http_invalidate_fini(&i);
    cr_assert(one(&i, "{\"all\": true, \"soft\": true}")->soft);
    http_invalidate_fini(&i);
    cr_assert_not(one(&i, "{\"prefix\": \"p\", \"soft\": false}")->soft);
    http_invalidate_fini(&i);
    refused("{\"prefix\": \"p\", \"soft\": true}", "BAD_ARGS", "target of soft");
    refused("{\"tags_all\": [\"a\", \"b\"], \"soft\": true}", "BAD_ARGS", "target of soft");
    refused("{\"tags_all\": [\"a\", \"a\"], \"soft\": true}", "BAD_ARGS", "target of soft");
    refused("{\"key\": \"k\", \"soft\": 1}", "BAD_ARGS", "soft must be true or false");
}

Test(invalidate, a_version_goes_with_keys)
{
    static struct http_invalidate i;
    const struct node_target *t = one(&i, "{\"version\": 0, \"key\": \"k\"}");
    cr_assert(t->has_version && t->version == 0);
    http_invalidate_fini(&i);
    t = one(&i, "{\"keys\": [\"k\"], \"version\": 9223372036854775807}");
    cr_assert(t->has_version && t->version == INT64_MAX);
    http_invalidate_fini(&i);
    refused("{\"key\": \"k\", \"version\": -1}", "BAD_ARGS", "version must be");
    refused("{\"key\": \"k\", \"version\": 1.5}", "BAD_ARGS", "version must be");
    refused("{\"all\": true, \"version\": 1}", "BAD_ARGS", "target of a version");
    refused("{\"tags\": [\"t\"], \"version\": 1}", "BAD_ARGS", "target of a version");
}

/** {"tags_all": [...]} with n tags that differ. */
static const char *tags_all(size_t n)
{
    static char body[512];
    size_t at = (size_t)snprintf(body, sizeof body, "{\"tags_all\": [");
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(body + at, sizeof body - at, "%s\"t%zu\"", i == 0 ? "" : ",", i);
    (void)snprintf(body + at, sizeof body - at, "]}");
    return body;
}

Test(invalidate, several_tags_together_are_one_target)
{
    static struct http_invalidate i;
    const struct node_target *t = one(&i, tags_all(2));
    cr_assert_eq(t->kind, DOT_TAGS_ALL);
    cr_assert_eq(t->tags_n, 2);
    http_invalidate_fini(&i);
    cr_assert_eq(one(&i, tags_all(16))->tags_n, 16);
    http_invalidate_fini(&i);
    t = one(&i, "{\"tags_all\": [\"a\", \"a\"]}");
    cr_assert_eq(t->kind, DOT_TAG, "twice the same is one");
    http_invalidate_fini(&i);
    refused(tags_all(17), "TOO_MANY_TARGETS", "tags_all has 17 targets; the limit is 16");
    refused(tags_all(1), "BAD_ARGS", "at least 2");
    refused(tags_all(0), "BAD_ARGS", "at least 2");
    refused("{\"tags_all\": \"a\"}", "BAD_ARGS", "at least 2");
    refused("{\"tags_all\": [\"a\", \"\"]}", "TAG_EMPTY", "tag has 0 bytes; the least is 1");
    refused("{\"tags_all\": [\"a\", 1]}", "BAD_ARGS", "string");
    refused(long_text("{\"tags_all\": [\"a\", \"%s\"]}", 129), "TAG_TOO_LONG",
            "tag has 129 bytes; the limit is 128");
}

Test(invalidate, unknown_members_are_refused_with_those_that_are_known)
{
    refused("{\"key\": \"k\", \"sofd\": true}", "BAD_OPTION", "unknown member \"sofd\"");
    refused("{\"key\": \"k\", \"sofd\": true}", "BAD_OPTION", "timeout_ms, soft, version, reason");
}

Test(invalidate, exactly_one_way_to_aim)
{
    refused("{}", "BAD_ARGS", "one of key, keys");
    refused("{\"ns\": \"x\"}", "BAD_ARGS", "one of key, keys");
    refused("{\"key\": \"k\", \"all\": true}", "BAD_ARGS", "one of key, keys");
    refused("{\"all\": false}", "BAD_ARGS", "true");
    refused("{\"all\": 1}", "BAD_ARGS", "true");
    refused("{\"keys\": []}", "BAD_ARGS", "at least one");
    refused("{\"keys\": \"k\"}", "BAD_ARGS", "array");
    refused("{\"keys\": [1]}", "BAD_ARGS", "string");
    refused("{\"key\": null}", "BAD_ARGS", "string");
}

Test(invalidate, hostile_json_is_refused)
{
    refused("", "BAD_JSON", "line 1");
    refused("[]", "BAD_JSON", "object");
    refused("{\"key\": \"k\"", "BAD_JSON", "line 1");
    refused("{\"key\": \"k\", \"key\": \"j\"}", "BAD_JSON", "duplicate");
    refused("{\"key\": \"\xff\"}", "BAD_JSON", "0xff");
    refused("{\"key\": \"k\"} {}", "BAD_JSON", "end of file");
}

Test(invalidate, nesting_has_a_limit)
{
    char *deep = malloc(10001);
    memset(deep, '[', 10000);
    deep[10000] = '\0';
    refused(deep, "BAD_JSON", "depth");
    free(deep);
}

Test(invalidate, a_key_may_hold_a_nul)
{
    static struct http_invalidate i;
    const struct node_target *t = one(&i, "{\"key\": \"a\\u0000b\"}");
    cr_assert(slice_eq(t->target, slice_of("a\0b", 3)));
    http_invalidate_fini(&i);
}

/** The "acks" of an answer; *out is the whole of it. */
static const json_t *acks_of(const struct node_reply *reply, json_t **out)
{
    *out = http_invalidate_answer(&HKEY, reply);
    cr_assert_not_null(*out);
    return json_object_get(*out, "acks");
}

Test(invalidate, the_answer_holds_the_stamp)
{
    json_t *out = NULL;
    const struct slice name = slice_text("a");
    const struct node_reply reply = {.epoch = 0x0102030405060708,
                                     .seq = 9,
                                     .count = 2,
                                     .ack = {.level = ACK_LOCAL},
                                     .reached = true,
                                     .applied = &name,
                                     .applied_n = 1};
    const json_t *acks = acks_of(&reply, &out);
    const char *stamp = json_string_value(json_object_get(out, "stamp"));
    cr_assert_eq(strlen(stamp), 48);
    cr_assert_eq(strncmp(stamp, "0100000201020304050607080000000000000009", 40), 0);
    cr_assert_eq(strspn(stamp, "0123456789abcdef"), 48);
    cr_assert_str_eq(json_string_value(json_object_get(acks, "level")), "local");
    cr_assert(json_is_true(json_object_get(acks, "reached")));
    cr_assert_eq(json_array_size(json_object_get(acks, "applied")), 1);
    cr_assert_eq(json_array_size(json_object_get(acks, "missing")), 0);
    json_decref(out);
}

Test(invalidate, the_answer_names_who_is_missing)
{
    json_t *out = NULL;
    const struct slice names[] = {slice_text("b"), slice_text("c\xff")};
    const struct node_reply reply = {.epoch = 1,
                                     .seq = 1,
                                     .count = 1,
                                     .ack = {.level = ACK_NODES, .k = 3},
                                     .missing = names,
                                     .missing_n = 2};
    const json_t *acks = acks_of(&reply, &out);
    const json_t *missing = json_object_get(acks, "missing");
    cr_assert_eq(json_integer_value(json_object_get(acks, "level")), 3);
    cr_assert(json_is_false(json_object_get(acks, "reached")));
    cr_assert_eq(json_array_size(missing), 2);
    cr_assert_str_eq(json_string_value(json_array_get(missing, 0)), "b");
    cr_assert_str_eq(json_string_value(json_array_get(missing, 1)), "c\\xff");
    json_decref(out);
}
