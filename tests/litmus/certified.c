#include "certified.h"

#include <string.h>

#include "node/command.h"

void certified_time_jumps(void *stage)
{
    struct stage *s = stage;
    const mono_us now = certified_clock(s);
    atomic_store_explicit(&s->clock, now + CERTIFIED_JUMP_MS * MS, memory_order_seq_cst);
}

void certified_time_passes(void *stage)
{
    certified_time_jumps(stage);
    certified_time_jumps(stage);
}

void certified_issued(struct stage *s, mono_us now)
{
    atomic_store_explicit(&s->issued_at, now, memory_order_seq_cst);
}

struct certified_asked certified_request(struct stage *s)
{
    const mono_us at = atomic_load_explicit(&s->clock, memory_order_relaxed);
    const mono_us issued_at = atomic_load_explicit(&s->issued_at, memory_order_acquire);
    return (struct certified_asked){.at = at, .issued_at = issued_at};
}

void certified_judge(const struct certified_asked *asked, uint64_t version)
{
    const bool must_know =
        asked->issued_at != 0 && asked->issued_at + CERTIFIED_WITHIN_MS * MS < asked->at;
    stage_note_got(version);
    explorer_require(!must_know || version != OLD, "an old value was certified");
}

mono_us certified_clock(void *stage)
{
    struct stage *s = stage;
    return atomic_load_explicit(&s->clock, memory_order_relaxed);
}

#define ARRAY_OF_4 0x94 /* msgpack */

/** What a reply to a get says: `[type, id, error, [status, value, token, info]]`, with an id below 128.
 *  Returns the value of a hit; 0 = none. */
static uint64_t value_in(const struct writer *w)
{
    const uint8_t *reply = memchr(w->at, ARRAY_OF_4, w->len);
    const uint8_t *got = reply != NULL ? reply + 4 : NULL;
    uint64_t version = 0;
    const bool understood = got != NULL && got[0] == ARRAY_OF_4;
    explorer_require(understood, "no reply");
    if (!understood)
        return 0;
    if (got[1] == STATUS_UNPROVEN)
        explorer_saw(UNPROVEN);
    if (got[1] == STATUS_HIT) /* behind the two bytes that begin 8 bytes of binary */
        memcpy(&version, got + 4, sizeof version);
    return version;
}

uint64_t certified_get(struct stage *s, const struct certified_asked *asked,
                       mono_us (*clock)(void *), void *clock_ctx)
{
    static const struct policies policies = {.expect = 1, .fence_ms = 1000};
    const struct command_ctx ctx = {
        .cache = s->c, .policies = &policies, .clock = clock, .clock_ctx = clock_ctx};
    const struct command_call call = {.now = asked->at, .caller = 1};
    const struct client_request request = {.id = 1,
                                           .op = OP_GET,
                                           .ns = s->key[0].ns,
                                           .fill = {.key = s->key[0].key},
                                           .read = {.within_ms = CERTIFIED_WITHIN_MS}};
    uint8_t reply[2048];
    struct writer w = writer_of(reply, sizeof reply);
    struct command_issue issue;
    explorer_require(command_run(&ctx, &call, &request, &w, &issue) == COMMAND_DONE, "no reply");
    return value_in(&w);
}

void certified_reads(void *stage)
{
    const struct certified_asked asked = certified_request(stage);
    certified_judge(&asked, certified_get(stage, &asked, certified_clock, stage));
}
