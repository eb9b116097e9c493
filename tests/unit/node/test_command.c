/** Client requests against one node on a desk, through the same codec as on the wire. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "node/command.h"
#include "node/stamp.h"

#include "rig.h"

/** A client of one node. */
struct desk {
    struct rig rig;
    struct command_ctx ctx;
    struct policies policies; /* none */
    void *memory;
    struct client_codec *codec;
    uint8_t frame[200000];
    uint8_t out[400000];
    struct writer w;
    struct command_issue issue;
};

static mono_us now_of(void *ctx)
{
    const struct rig *r = ctx;
    return r->now;
}

static struct desk *desk_new(void)
{
    struct desk *d = calloc(1, sizeof *d);
    struct arena arena;
    const size_t len = (size_t)16 << 20;
    rig_init(&d->rig, &(struct rig_cfg){.name = "a", .key = 1, .run = 1, .host = 1});
    d->memory = calloc(1, len);
    arena_init(&arena, d->memory, len);
    d->codec = client_codec_new(&arena, 65536);
    cr_assert_not_null(d->codec);
    d->ctx = (struct command_ctx){.cache = d->rig.cache,
                                  .node_name = slice_text("a"),
                                  .cluster = slice_text("test"),
                                  .epoch = rig_view(&d->rig).epoch,
                                  .policies = &d->policies,
                                  .clock = now_of,
                                  .clock_ctx = &d->rig};
    return d;
}

static void desk_free(struct desk *d)
{
    client_codec_free(d->codec);
    rig_fini(&d->rig);
    free(d->memory);
    free(d);
}

/* What control does with a COMMAND_ISSUE, and the second half of the request afterwards. */
static void issue(struct desk *d, const struct client_request *request)
{
    struct node_out out;
    struct node_command command = {.targets = d->issue.targets, .targets_n = d->issue.targets_n};
    memcpy(command.stamps, d->issue.stamps, sizeof command.stamps);
    command.stamps_n = d->issue.stamps_n;
    node_recv(d->rig.node, d->rig.now,
              &(struct node_in){.kind = NODE_IN_COMMAND, .command = &command});
    cr_assert(rig_take(&d->rig, NODE_OUT_REPLY, &out));
    rig_drain(&d->rig);
    const struct command_put put = {.id = request->id, .ns = request->ns, .fill = request->fill};
    if (request->op == OP_PUT)
        command_put_issued(&d->ctx, d->rig.now, &put, &out.reply, &d->w);
    else
        command_issued(&d->ctx, request->id, &out.reply, &d->w);
}

static enum command_step run(struct desk *d, const struct client_request *request, struct writer *w)
{
    const struct command_call call = {.now = d->rig.now, .caller = 1};
    return command_run(&d->ctx, &call, request, w, &d->issue);
}

static struct client_reply ask(struct desk *d, const struct client_request *wanted)
{
    struct client_request request;
    struct client_fault fault;
    struct client_reply reply;
    struct slice frame;
    size_t need;
    struct writer w = writer_of(d->frame, sizeof d->frame);
    client_request_encode(&w, wanted);
    cr_assert_eq(client_frame(d->codec, writer_slice(&w), &frame, &need, &fault), OK);
    cr_assert_eq(client_request_decode(d->codec, frame, &request, &fault), OK, "%s", fault.text);
    d->w = writer_of(d->out, sizeof d->out);
    if (run(d, &request, &d->w) == COMMAND_ISSUE)
        issue(d, &request);
    cr_assert_eq(d->w.err, OK);
    cr_assert_eq(client_frame(d->codec, writer_slice(&d->w), &frame, &need, &fault), OK);
    cr_assert_eq(client_reply_decode(d->codec, frame, &reply), OK);
    return reply;
}

static struct client_got get(struct desk *d, const char *key)
{
    struct client_got got;
    const struct client_reply reply =
        ask(d, &(struct client_request){.id = 7, .op = OP_GET, .fill = {.key = slice_text(key)}});
    cr_assert_eq(reply.id, 7);
    cr_assert_eq(client_got_decode(d->codec, reply.result, &got), OK);
    return got;
}

/* The token of a MISS, in memory that outlives the reply. */
static struct slice token_of(struct desk *d, const char *key, uint8_t keep[64])
{
    const struct client_got got = get(d, key);
    cr_assert_eq(got.status, STATUS_MISS);
    cr_assert(got.token.len > 0 && got.token.len <= 64);
    memcpy(keep, got.token.at, got.token.len);
    return slice_of(keep, got.token.len);
}

static struct client_reply fill(struct desk *d, const char *key, const char *value,
                                struct slice token)
{
    return ask(d,
               &(struct client_request){
                   .op = OP_FILL,
                   .fill = {.key = slice_text(key), .value = slice_text(value), .token = token}});
}

static void put(struct desk *d, const char *key, const char *value, struct slice token)
{
    ask(d, &(struct client_request){
               .op = OP_PUT,
               .fill = {.key = slice_text(key), .value = slice_text(value), .token = token}});
}

static void invalidate(struct desk *d, enum client_scope scope, const char *target)
{
    const struct slice targets[] = {slice_text(target)};
    const bool named = scope != SCOPE_NAMESPACE && scope != SCOPE_ALL;
    ask(d, &(struct client_request){
               .op = OP_INVALIDATE, .scope = scope, .targets = targets, .targets_n = named});
}

static bool holds(struct desk *d, const char *key, const char *value)
{
    const struct client_got got = get(d, key);
    return got.status == STATUS_HIT && slice_eq(got.value, slice_text(value));
}

Test(command, a_fill_with_the_token_of_a_miss_is_stored_and_served)
{
    struct desk *d = desk_new();
    uint8_t keep[64];
    fill(d, "k", "v", token_of(d, "k", keep));
    cr_assert(holds(d, "k", "v"));
    desk_free(d);
}

static void assert_refused(enum client_scope scope, const char *target)
{
    struct desk *d = desk_new();
    uint8_t keep[64];
    const struct slice token = token_of(d, "menu:tea", keep);
    invalidate(d, scope, target);
    fill(d, "menu:tea", "old", token);
    cr_assert_eq(get(d, "menu:tea").status, STATUS_MISS);
    desk_free(d);
}

Test(command, a_fill_older_than_an_invalidation_of_its_key_is_refused)
{
    assert_refused(SCOPE_KEY, "menu:tea");
}

Test(command, a_fill_older_than_an_invalidation_of_a_prefix_is_refused)
{
    assert_refused(SCOPE_PREFIX, "menu:");
}

Test(command, a_fill_older_than_an_invalidation_of_its_namespace_is_refused)
{
    assert_refused(SCOPE_NAMESPACE, "");
}

Test(command, a_fill_older_than_an_invalidation_of_everything_is_refused)
{
    assert_refused(SCOPE_ALL, "");
}

Test(command, an_invalidation_of_another_key_refuses_nothing)
{
    struct desk *d = desk_new();
    uint8_t keep[64];
    const struct slice token = token_of(d, "k", keep);
    invalidate(d, SCOPE_KEY, "other");
    fill(d, "k", "v", token);
    cr_assert(holds(d, "k", "v"));
    desk_free(d);
}

Test(command, a_token_that_no_miss_gave_is_an_error)
{
    struct desk *d = desk_new();
    const struct client_reply reply = fill(d, "k", "v", slice_text("nonsense"));
    cr_assert(slice_eq(reply.error, slice_text("BAD_TOKEN")));
    desk_free(d);
}

Test(command, a_put_is_served_here_and_survives_no_later_invalidation)
{
    struct desk *d = desk_new();
    put(d, "k", "v1", (struct slice){0});
    cr_assert(holds(d, "k", "v1"));
    put(d, "k", "v2", (struct slice){0});
    cr_assert(holds(d, "k", "v2"));
    invalidate(d, SCOPE_KEY, "k");
    cr_assert_eq(get(d, "k").status, STATUS_MISS);
    desk_free(d);
}

Test(command, a_put_whose_token_is_older_than_an_invalidation_stores_nothing)
{
    struct desk *d = desk_new();
    uint8_t keep[64];
    const struct slice token = token_of(d, "k", keep);
    invalidate(d, SCOPE_KEY, "k");
    put(d, "k", "old", token);
    cr_assert_eq(get(d, "k").status, STATUS_MISS);
    desk_free(d);
}

Test(command, a_put_with_a_token_refuses_fills_whose_token_is_older)
{
    struct desk *d = desk_new();
    uint8_t early[64];
    uint8_t late[64];
    const struct slice first = token_of(d, "k", early);
    const struct slice second = token_of(d, "k", late);
    put(d, "k", "new", second);
    fill(d, "k", "old", first);
    cr_assert(holds(d, "k", "new"));
    desk_free(d);
}

Test(command, an_mget_answers_in_order)
{
    struct desk *d = desk_new();
    const struct slice keys[] = {slice_text("a"), slice_text("b"), slice_text("c")};
    put(d, "b", "two", (struct slice){0});
    const struct client_reply reply =
        ask(d, &(struct client_request){.id = 3, .op = OP_MGET, .targets = keys, .targets_n = 3});
    cr_assert_eq(reply.error.len, 0);
    /* fixarray 3; the first element is a MISS, the second a HIT with its bin "two" */
    cr_assert_eq(reply.result.at[0], 0x93);
    cr_assert_eq(reply.result.at[2], STATUS_MISS);
    static const uint8_t two[] = {0xC4, 3, 't', 'w', 'o'};
    cr_assert_not_null(memmem(reply.result.at, reply.result.len, two, sizeof two));
    desk_free(d);
}

Test(command, a_get_without_room_says_so_and_can_be_asked_again)
{
    struct desk *d = desk_new();
    static char value[20001];
    memset(value, 'x', sizeof value - 1);
    put(d, "k", value, (struct slice){0});
    const struct client_request request = {.id = 1, .op = OP_GET, .fill = {.key = slice_text("k")}};
    struct writer w = writer_of(d->out, command_room(&request));
    run(d, &request, &w);
    cr_assert_eq(w.err, ERR_SPACE);
    w = writer_of(d->out, command_room_max(&d->ctx));
    run(d, &request, &w);
    cr_assert_eq(w.err, OK);
    desk_free(d);
}

Test(command, before_it_is_ready_a_miss_gives_no_token_and_a_fill_is_refused)
{
    struct desk *d = desk_new();
    uint8_t keep[64];
    const struct slice token = token_of(d, "k", keep);
    cache_gate_set(d->rig.cache, CACHE_CLOSED);
    cr_assert_eq(get(d, "k").token.len, 0);
    fill(d, "k", "v", token);
    cache_gate_set(d->rig.cache, CACHE_OPEN);
    cr_assert_eq(get(d, "k").status, STATUS_MISS);
    desk_free(d);
}

Test(command, the_stamp_of_many_targets_names_all_their_dots)
{
    struct desk *d = desk_new();
    const struct slice keys[] = {slice_text("a"), slice_text("b"), slice_text("c")};
    const struct client_reply reply =
        ask(d, &(struct client_request){
                   .op = OP_INVALIDATE, .scope = SCOPE_KEY, .targets = keys, .targets_n = 3});
    struct stamp stamp;
    /* [stamp bin 24, acks]: fixarray 2, bin8, 24 */
    cr_assert_eq(reply.result.at[0], 0x92);
    cr_assert_eq(reply.result.at[2], STAMP_LEN);
    cr_assert_eq(stamp_read(&cache_config(d->rig.cache)->hkey,
                            slice_of(reply.result.at + 3, STAMP_LEN), &stamp),
                 OK);
    cr_assert_eq(stamp.count, 3);
    cr_assert_eq(stamp.seq, 3);
    cr_assert_eq(stamp.epoch, rig_view(&d->rig).epoch);
    desk_free(d);
}
