/* Spread among members behind a lossy network, in steps of 100 us. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/hash.h"
#include "base/rng.h"

#include "rig.h"

#define MEMBERS 5
#define STEP    100ULL
#define DOTS    2000
#define ACKS    4096
#define DELAY   (2 * STEP)

struct ack_event {
    mono_us at;
    uint64_t id;
    struct cover cover;
};

struct world {
    struct rig rig;
    struct rng rng;
    uint32_t loss;
    bool has[MEMBERS + 1][DOTS + 1];
    struct ack_event acks[ACKS]; /* a ring in order of time */
    size_t acks_at;
    size_t acks_n;
    uint64_t trace; /* hash of all outputs and their times */
    uint64_t outputs_n;
};

static struct cover cover_of(const bool *has, uint64_t newest)
{
    struct cover c = {.epoch = SELF};
    while (c.applied < newest && has[c.applied + 1])
        c.applied++;
    for (uint64_t i = 0; i < 64 && c.applied + 2 + i <= newest; i++)
        c.mask |= (uint64_t)has[c.applied + 2 + i] << i;
    return c;
}

static void mix(struct world *w, uint64_t value)
{
    const struct hkey hkey = {.bytes = {1}};
    w->trace = hash_pair(&hkey, w->trace, value);
}

static void receive(struct world *w, mono_us now, const struct spread_out *out)
{
    struct dots_reader r = dots_reader_of(out->dots);
    struct dot d;
    if (rng_chance(&w->rng, w->loss))
        return;
    while (dots_next(&r, &d))
        w->has[out->to][d.seq] = true;
    if (rng_chance(&w->rng, w->loss))
        return;
    cr_assert_lt(w->acks_n, (size_t)ACKS);
    w->acks[(w->acks_at + w->acks_n++) % ACKS] = (struct ack_event){
        .at = now + DELAY, .id = out->to, .cover = cover_of(w->has[out->to], w->rig.seq)};
}

static void take_outputs(struct world *w, mono_us now)
{
    struct spread_out out;
    spread_tick(w->rig.s, now);
    while (spread_poll(w->rig.s, now, ROOM, &out)) {
        mix(w, now);
        mix(w, out.to);
        mix(w, out.dots.len);
        w->outputs_n++;
        receive(w, now, &out);
    }
}

static void deliver_acks(struct world *w, mono_us now)
{
    while (w->acks_n > 0 && w->acks[w->acks_at].at <= now) {
        const struct ack_event *a = &w->acks[w->acks_at];
        spread_cover(w->rig.s, now, a->id, &a->cover);
        w->acks_at = (w->acks_at + 1) % ACKS;
        w->acks_n--;
    }
}

/** Run for `steps`; issue with this chance per step and thousand; poll always, or when it is due. */
static void run(struct world *w, uint64_t steps, uint32_t chance, bool always)
{
    struct rng issues;
    rng_init(&issues, 7);
    for (uint64_t i = 0; i < steps; i++) {
        const mono_us now = i * STEP;
        deliver_acks(w, now);
        if (i < steps / 2 && w->rig.seq < DOTS - 4 && rng_chance(&issues, chance))
            issue(&w->rig, now, 1 + rng_below(&issues, 4));
        if (always || spread_deadline(w->rig.s) <= now)
            take_outputs(w, now);
    }
}

static void start(struct world *w, uint32_t loss)
{
    struct spread_cfg cfg = small_cfg();
    cfg.recent_max = 2048;
    memset(w, 0, sizeof(*w));
    w->rig = make(&cfg);
    w->loss = loss;
    rng_init(&w->rng, test_seed());
    link_up(&w->rig, MEMBERS);
    for (uint64_t id = 1; id <= MEMBERS; id++)
        spread_rtt(w->rig.s, id, 4 * STEP);
}

static struct world polled, woken;

Test(world, waking_at_deadlines_only_sends_the_same_at_the_same_times)
{
    const uint32_t losses[] = {0, 100, 300, 900};
    for (size_t i = 0; i < 4; i++) {
        start(&polled, losses[i]);
        start(&woken, losses[i]);
        run(&polled, 20000, 30, true);
        run(&woken, 20000, 30, false);
        cr_assert_gt(polled.outputs_n, 0);
        cr_assert_eq(polled.trace, woken.trace, "seed %lu loss %u", (unsigned long)test_seed(),
                     losses[i]);
        drop(&polled.rig);
        drop(&woken.rig);
    }
}

Test(world, everyone_is_told_everything_at_any_usual_loss)
{
    const uint32_t losses[] = {0, 10, 100, 300};
    for (size_t i = 0; i < 4; i++) {
        start(&woken, losses[i]);
        run(&woken, 20000, 50, false);
        cr_assert_gt(woken.rig.seq, 500);
        cr_assert_eq(spread_counters(woken.rig.s).behinds, 0, "loss %u", losses[i]);
        cr_assert(spread_all_covered_range(woken.rig.s, 1, woken.rig.seq));
        for (uint64_t id = 1; id <= MEMBERS; id++) {
            for (uint64_t seq = 1; seq <= woken.rig.seq; seq++)
                cr_assert(woken.has[id][seq], "seed %lu", (unsigned long)test_seed());
        }
        cr_assert_eq(spread_deadline(woken.rig.s), NEVER);
        drop(&woken.rig);
    }
}

Test(world, without_loss_nothing_is_sent_again)
{
    start(&woken, 0);
    run(&woken, 20000, 50, false);
    const struct spread_counters c = spread_counters(woken.rig.s);
    cr_assert_eq(c.dots_sent, MEMBERS * woken.rig.seq);
    cr_assert_eq(c.dots_resent, 0);
    cr_assert_eq(c.heads, 0);
    drop(&woken.rig);
}
