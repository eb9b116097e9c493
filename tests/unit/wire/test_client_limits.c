/** Every limit of a request at -1, 0 and +1, with the exact sentence that the client is told. */

#include <criterion/criterion.h>

#include "client_kit.h"

static void begin_get(struct kit_request *r, size_t ns_len, size_t key_len)
{
    kit_begin(r, "get", 2);
    kit_fill(r, ns_len);
    kit_fill(r, key_len);
}

Test(client_limits, a_key_has_1_to_1024_bytes)
{
    struct kit_request r;
    begin_get(&r, 0, 0);
    kit_expect_refused(&r, "KEY_EMPTY", "key has 0 bytes; the least is 1");
    begin_get(&r, 0, 1);
    kit_expect_taken(&r);
    begin_get(&r, 0, 1023);
    kit_expect_taken(&r);
    begin_get(&r, 0, 1024);
    cr_expect_eq(kit_expect_taken(&r).fill.key.len, 1024);
    begin_get(&r, 0, 1025);
    kit_expect_refused(&r, "KEY_TOO_LONG", "key has 1,025 bytes; the limit is 1,024");
    begin_get(&r, 0, 1200);
    kit_expect_refused(&r, "KEY_TOO_LONG", "key has 1,200 bytes; the limit is 1,024");
}

Test(client_limits, a_namespace_has_0_to_64_bytes)
{
    struct kit_request r;
    begin_get(&r, 0, 1);
    kit_expect_taken(&r);
    begin_get(&r, 63, 1);
    kit_expect_taken(&r);
    begin_get(&r, 64, 1);
    cr_expect_eq(kit_expect_taken(&r).ns.len, 64);
    begin_get(&r, 65, 1);
    kit_expect_refused(&r, "NS_TOO_LONG", "namespace has 65 bytes; the limit is 64");
}

static void begin_put(struct kit_request *r, size_t value_len, size_t options_n)
{
    kit_begin(r, "put", options_n > 0 ? 4 : 3);
    kit_fill(r, 0);
    kit_fill(r, 1);
    kit_fill(r, value_len);
    if (options_n > 0)
        pack_map(&r->p, options_n);
}

Test(client_limits, a_value_has_at_most_the_bytes_that_were_configured)
{
    struct kit_request r;
    begin_put(&r, 0, 0);
    cr_expect_eq(kit_expect_taken(&r).fill.value.len, 0);
    begin_put(&r, KIT_VALUE_MAX - 1, 0);
    kit_expect_taken(&r);
    begin_put(&r, KIT_VALUE_MAX, 0);
    cr_expect_eq(kit_expect_taken(&r).fill.value.len, KIT_VALUE_MAX);
    begin_put(&r, KIT_VALUE_MAX + 1, 0);
    kit_expect_refused(&r, "VALUE_TOO_LONG", "value has 4,097 bytes; the limit is 4,096");
}

static void begin_tagged(struct kit_request *r, size_t tags_n, size_t tag_len)
{
    begin_put(r, 1, 1);
    pack_str(&r->p, slice_text("tags"));
    pack_array(&r->p, tags_n);
    for (size_t i = 0; i < tags_n; i++)
        kit_fill(r, tag_len);
}

Test(client_limits, an_entry_has_at_most_16_tags)
{
    struct kit_request r;
    begin_tagged(&r, 0, 0);
    cr_expect_eq(kit_expect_taken(&r).fill.tags_n, 0);
    begin_tagged(&r, 15, 1);
    kit_expect_taken(&r);
    begin_tagged(&r, 16, 1);
    cr_expect_eq(kit_expect_taken(&r).fill.tags_n, 16);
    begin_tagged(&r, 17, 1);
    kit_expect_refused(&r, "TOO_MANY_TAGS", "entry has 17 tags; the limit is 16");
}

Test(client_limits, a_tag_has_1_to_128_bytes)
{
    struct kit_request r;
    begin_tagged(&r, 1, 0);
    kit_expect_refused(&r, "TAG_EMPTY", "tag has 0 bytes; the least is 1");
    begin_tagged(&r, 1, 127);
    kit_expect_taken(&r);
    begin_tagged(&r, 1, 128);
    cr_expect_eq(kit_expect_taken(&r).fill.tags[0].len, 128);
    begin_tagged(&r, 1, 129);
    kit_expect_refused(&r, "TAG_TOO_LONG", "tag has 129 bytes; the limit is 128");
}

static void begin_fill(struct kit_request *r, size_t token_len)
{
    kit_begin(r, "fill", 4);
    kit_fill(r, 0);
    kit_fill(r, 1);
    kit_fill(r, 1);
    kit_fill(r, token_len);
}

static const char WITHOUT_TOKEN[] =
    "a fill needs the token of a get that missed; to write without one, use put";

Test(client_limits, a_token_has_1_to_64_bytes)
{
    struct kit_request r;
    begin_fill(&r, 0);
    kit_expect_refused(&r, "NO_TOKEN", WITHOUT_TOKEN);
    begin_fill(&r, 63);
    kit_expect_taken(&r);
    begin_fill(&r, 64);
    cr_expect_eq(kit_expect_taken(&r).fill.token.len, 64);
    begin_fill(&r, 65);
    kit_expect_refused(&r, "BAD_TOKEN", "token has 65 bytes; the limit is 64");
}

Test(client_limits, a_fill_with_nil_for_its_token_is_refused)
{
    struct kit_request r;
    kit_begin(&r, "fill", 4);
    kit_fill(&r, 0);
    kit_fill(&r, 1);
    kit_fill(&r, 1);
    pack_nil(&r.p);
    kit_expect_refused(&r, "NO_TOKEN", WITHOUT_TOKEN);
}

static void begin_invalidate(struct kit_request *r, const char *scope, size_t n, size_t len)
{
    kit_begin(r, "invalidate", 3);
    kit_fill(r, 0);
    pack_str(&r->p, slice_text(scope));
    pack_array(&r->p, n);
    for (size_t i = 0; i < n; i++)
        kit_fill(r, len);
}

Test(client_limits, an_invalidate_has_1_to_256_targets)
{
    struct kit_request r;
    begin_invalidate(&r, "key", 0, 0);
    kit_expect_refused(&r, "NO_TARGETS", "invalidate has 0 targets; the least is 1");
    begin_invalidate(&r, "tag", 255, 1);
    kit_expect_taken(&r);
    begin_invalidate(&r, "key", 256, 1);
    cr_expect_eq(kit_expect_taken(&r).targets_n, 256);
    begin_invalidate(&r, "key", 257, 1);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "invalidate has 257 targets; the limit is 256");
}

Test(client_limits, a_prefix_has_1_to_1024_bytes)
{
    struct kit_request r;
    begin_invalidate(&r, "prefix", 1, 0);
    kit_expect_refused(&r, "PREFIX_EMPTY",
                       "prefix has 0 bytes; to invalidate all keys use scope \"namespace\"");
    begin_invalidate(&r, "prefix", 1, 1024);
    kit_expect_taken(&r);
    begin_invalidate(&r, "prefix", 1, 1025);
    kit_expect_refused(&r, "KEY_TOO_LONG", "prefix has 1,025 bytes; the limit is 1,024");
}

static void begin_list(struct kit_request *r, const char *op, size_t n)
{
    kit_begin(r, op, 2);
    kit_fill(r, 0);
    pack_array(&r->p, n);
}

static void begin_mget(struct kit_request *r, size_t n)
{
    begin_list(r, "mget", n);
    for (size_t i = 0; i < n; i++)
        kit_fill(r, 1);
}

Test(client_limits, an_mget_has_1_to_1024_keys)
{
    struct kit_request r;
    begin_mget(&r, 0);
    kit_expect_refused(&r, "NO_TARGETS", "mget has 0 keys; the least is 1");
    begin_mget(&r, 1023);
    kit_expect_taken(&r);
    begin_mget(&r, 1024);
    cr_expect_eq(kit_expect_taken(&r).targets_n, 1024);
    begin_mget(&r, 1025);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "mget has 1,025 keys; the limit is 1,024");
}

static void begin_mfill(struct kit_request *r, size_t n)
{
    begin_list(r, "mfill", n);
    for (size_t i = 0; i < n; i++) {
        pack_array(&r->p, 4);
        kit_fill(r, 1);
        kit_fill(r, 0);
        kit_fill(r, 24);
        pack_map(&r->p, 1);
        pack_str(&r->p, slice_text("ttl_ms"));
        pack_u64(&r->p, i + 1);
    }
}

Test(client_limits, an_mfill_has_1_to_128_entries)
{
    struct kit_request r;
    begin_mfill(&r, 0);
    kit_expect_refused(&r, "NO_TARGETS", "mfill has 0 entries; the least is 1");
    begin_mfill(&r, 127);
    kit_expect_taken(&r);
    begin_mfill(&r, 128);
    const struct client_request taken = kit_expect_taken(&r);
    cr_expect(taken.fills_n == 128 && taken.fills[127].ttl_ms == 128);
    begin_mfill(&r, 129);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "mfill has 129 entries; the limit is 128");
}

static void begin_subscribe(struct kit_request *r, const char *op, size_t n)
{
    kit_begin(r, op, n);
    for (size_t i = 0; i < n; i++) {
        pack_array(&r->p, 2);
        kit_fill(r, 1);
        pack_nil(&r->p);
    }
}

Test(client_limits, a_connection_subscribes_to_1_to_64_filters)
{
    struct kit_request r;
    begin_subscribe(&r, "subscribe", 0);
    kit_expect_refused(&r, "NO_TARGETS", "subscribe has 0 filters; the least is 1");
    begin_subscribe(&r, "unsubscribe", 0);
    cr_expect_eq(kit_expect_taken(&r).filters_n, 0);
    begin_subscribe(&r, "subscribe", 64);
    cr_expect_eq(kit_expect_taken(&r).filters_n, 64);
    begin_subscribe(&r, "subscribe", 65);
    kit_expect_refused(&r, "TOO_MANY_TARGETS", "subscribe has 65 filters; the limit is 64");
}

static void begin_touch(struct kit_request *r, uint64_t ttl_ms)
{
    kit_begin(r, "touch", 3);
    kit_fill(r, 0);
    kit_fill(r, 1);
    pack_u64(&r->p, ttl_ms);
}

Test(client_limits, a_time_to_live_has_at_most_ten_years)
{
    struct kit_request r;
    begin_touch(&r, CLIENT_TTL_MS_MAX);
    cr_expect_eq(kit_expect_taken(&r).fill.ttl_ms, CLIENT_TTL_MS_MAX);
    begin_touch(&r, CLIENT_TTL_MS_MAX + 1);
    kit_expect_refused(&r, "BAD_ARGS",
                       "ttl_ms has 315,360,000,001 ms; the limit is 315,360,000,000");
    begin_touch(&r, UINT64_MAX);
    kit_expect_refused(&r, "BAD_ARGS",
                       "ttl_ms has 18,446,744,073,709,551,615 ms; the limit is 315,360,000,000");
}

static void begin_reason(struct kit_request *r, size_t len)
{
    kit_begin(r, "invalidate", 4);
    kit_fill(r, 0);
    pack_str(&r->p, slice_text("all"));
    pack_nil(&r->p);
    pack_map(&r->p, 1);
    pack_str(&r->p, slice_text("reason"));
    kit_fill(r, len);
}

Test(client_limits, a_reason_has_at_most_255_bytes)
{
    struct kit_request r;
    begin_reason(&r, 254);
    kit_expect_taken(&r);
    begin_reason(&r, 255);
    cr_expect_eq(kit_expect_taken(&r).reason.len, 255);
    begin_reason(&r, 256);
    kit_expect_refused(&r, "BAD_ARGS", "reason has 256 bytes; the limit is 255");
}

Test(client_limits, the_name_of_a_client_has_at_most_64_bytes)
{
    struct kit_request r;
    kit_begin(&r, "hello", 1);
    kit_fill(&r, 64);
    cr_expect_eq(kit_expect_taken(&r).client.len, 64);
    kit_begin(&r, "hello", 1);
    kit_fill(&r, 65);
    kit_expect_refused(&r, "BAD_ARGS", "client name has 65 bytes; the limit is 64");
}
