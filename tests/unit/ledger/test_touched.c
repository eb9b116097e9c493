#include <criterion/criterion.h>

#include "base/rng.h"

#include "fixture.h"

#define O1      101ULL
#define O2      202ULL
#define ORIGINS 3
#define RUNS    60
#define OPS     6000

static struct ledger_touched ask(const struct ledger *l, uint64_t epoch, uint64_t lo, uint64_t hi)
{
    static struct ledger_touched t;
    const struct dot_range range = {.epoch = epoch, .lo = lo, .hi = hi};
    cr_assert_eq(ledger_touched(l, &range, 1, &t), OK);
    return t;
}

static bool has_bucket(const struct ledger_touched *t, uint64_t hash)
{
    const uint32_t b = dot_bucket(hash, t->bucket_bits);
    return (t->bits[b / 8] >> (b % 8) & 1) != 0;
}

static struct dot key_dot(uint64_t epoch, uint64_t seq, uint64_t bucket12)
{
    return (struct dot){.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = bucket12 << 52};
}

static void arrive_key(struct ledger *l, uint64_t epoch, uint64_t seq, uint64_t bucket12)
{
    const struct dot d = key_dot(epoch, seq, bucket12);
    cr_assert_eq(arrive_dot(l, &d).verdict, LEDGER_FRESH);
}

Test(touched, each_kind_leaves_its_mark_where_it_took_effect)
{
    const struct ledger_cfg cfg = small_cfg();
    for (uint8_t kind = 1; kind <= 20; kind++) {
        struct ledger *l = make(&cfg);
        struct dot d = dot_of(O1, 1, kind);
        d.hash = 77ULL << 52;
        arrive_dot(l, &d);
        const struct ledger_touched t = ask(l, O1, 1, 1);
        const bool tag = kind == DOT_TAG || kind == DOT_TAGS_ALL;
        const bool key = dot_names_key(kind);
        const bool narrow = key || tag || kind == DOT_BUCKETS || kind == DOT_ABORT;
        cr_assert_eq(t.tagged, tag);
        cr_assert_eq(t.everything, !narrow);
        cr_assert(!key || (t.set_n == 1 && has_bucket(&t, d.hash)));
        cr_assert(kind != DOT_BUCKETS || memcmp(t.bits, d.more.at, DOT_BUCKETS_LEN) == 0);
        cr_assert(key || kind == DOT_BUCKETS || t.set_n == 0);
        drop(l);
    }
}

Test(touched, a_burst_of_buckets_marks_all_finer_ones)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.bucket_bits = 16;
    struct ledger *l = make(&cfg);
    uint8_t map[DOT_BUCKETS_LEN] = {[1] = 0x80, [511] = 0x80};
    const struct dot d = {
        .epoch = O1, .seq = 1, .kind = DOT_BUCKETS, .more = slice_of(map, sizeof map)};
    arrive_dot(l, &d);
    const struct ledger_touched t = ask(l, O1, 1, 1);
    cr_assert_eq(t.set_n, 32);
    for (uint32_t b = 0; b < 65536; b++)
        cr_assert_eq(has_bucket(&t, (uint64_t)b << 48), b / 16 == 15 || b / 16 == 4095);
    drop(l);
}

Test(touched, is_told_since_the_first_missing_dot_was_heard_of)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t seq = 1; seq <= 40; seq++)
        arrive_key(l, O1, seq, seq);
    struct ledger_touched t = ask(l, O1, 21, 40);
    cr_assert_geq(t.set_n, 20);
    cr_assert_leq(t.set_n, 22);
    cr_assert(has_bucket(&t, 21ULL << 52));
    t = ask(l, O1, 1, 1);
    cr_assert_eq(t.set_n, 40);
    drop(l);
}

Test(touched, a_dot_that_came_before_its_turn_is_in_the_answer)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t seq = 2; seq <= 100; seq++)
        arrive_key(l, O1, seq, seq);
    for (uint64_t seq = 1; seq <= 100; seq++)
        arrive_key(l, O2, seq, 2000);
    arrive_key(l, O1, 1, 1); /* only now all of them are contiguous */
    for (uint64_t seq = 1; seq <= 100; seq++) {
        const struct ledger_touched t = ask(l, O1, seq, seq);
        cr_assert(has_bucket(&t, seq << 52));
    }
    drop(l);
}

Test(touched, an_origin_keeps_its_birth_while_it_is_retired_and_after)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    uint64_t barrier;
    arrive_key(l, O2, 1, 2000);
    for (uint64_t seq = 1; seq <= 20; seq++)
        arrive_key(l, O1, seq, seq);
    cr_assert_eq(ledger_retire(l, O1, &barrier), OK);
    struct ledger_touched t = ask(l, O1, 20, 20);
    cr_assert(t.set_n == 20 && has_bucket(&t, 20ULL << 52));
    arrive_key(l, O2, 2, 2001);
    arrive_key(l, O1, 21, 21);
    t = ask(l, O1, 1, 1);
    cr_assert(t.set_n == 22 && has_bucket(&t, 1ULL << 52));
    t = ask(l, O1, 21, 21);
    cr_assert(t.set_n == 1 && has_bucket(&t, 21ULL << 52));
    drop(l);
}

Test(touched, many_ranges_are_answered_since_the_earliest)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    static struct ledger_touched t;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        arrive_key(l, O1, seq, seq);
        arrive_key(l, O2, seq, 1000 + seq);
    }
    const struct dot_range ranges[] = {{O1, 40, 50}, {O2, 10, 12}, {O1, 45, 45}};
    cr_assert_eq(ledger_touched(l, ranges, ARRAY_LEN(ranges), &t), OK);
    cr_assert(has_bucket(&t, 1010ULL << 52));
    cr_assert(t.set_n >= 81 && t.set_n <= 84);
    cr_assert_eq(ledger_touched(l, ranges, 0, &t), OK);
    cr_assert_eq(t.set_n, 0);
    drop(l);
}

Test(touched, is_refused_for_anything_not_covered)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    static struct ledger_touched t;
    arrive_key(l, O1, 1, 1);
    arrive_key(l, O1, 3, 3);
    arrive_key(l, O1, 4, 4);
    const struct dot_range refused[] = {{O1, 1, 2}, {O1, 2, 3}, {O1, 3, 5},         {O1, 0, 1},
                                        {O1, 4, 3}, {O2, 1, 1}, {O1, 1, UINT64_MAX}};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        cr_assert_eq(ledger_touched(l, &refused[i], 1, &t), ERR_REFUSED);
    const struct dot_range two[] = {{O1, 3, 4}, {O1, 2, 2}};
    cr_assert_eq(ledger_touched(l, two, 1, &t), OK);
    cr_assert_eq(ledger_touched(l, two, 2, &t), ERR_REFUSED);
    drop(l);
}

Test(touched, what_was_covered_without_content_may_have_touched_everything)
{
    const struct ledger_cfg cfg = small_cfg();
    struct ledger *l = make(&cfg);
    hear(l, 0, O1, 9);
    arrive_key(l, O2, 1, 5);
    cr_assert_neq(ledger_close(l, O1, 1, 9, NULL), 0);
    cr_assert(ask(l, O1, 3, 4).everything);
    cr_assert(ask(l, O2, 1, 1).everything); /* closed since */
    arrive_key(l, O2, 2, 6);
    arrive_key(l, O2, 3, 7);
    cr_assert_not(ask(l, O2, 3, 3).everything);
    cr_assert_eq(ledger_adopt(l, 303, 8), OK);
    cr_assert(ask(l, 303, 8, 8).everything);
    cr_assert(ask(l, O2, 3, 3).everything);
    for (uint64_t seq = 4; seq <= 9; seq++)
        arrive_key(l, O2, seq, 8);
    cr_assert_not(ask(l, O2, 9, 9).everything);
    ledger_touch_all(l);
    cr_assert(ask(l, O2, 9, 9).everything);
    drop(l);
}

static void set_bucket(struct ledger_touched *t, uint32_t b)
{
    t->bits[b / 8] |= (uint8_t)(1U << (b % 8));
}

Test(touched, a_closing_that_knows_what_was_touched_marks_just_that)
{
    for (uint8_t ours = 12; ours <= 16; ours += 2) {
        for (uint8_t theirs = 12; theirs <= 16; theirs += 2) {
            static struct ledger_touched t;
            struct ledger_cfg cfg = small_cfg();
            cfg.bucket_bits = ours;
            struct ledger *l = make(&cfg);
            uint64_t closed_n;
            t = (struct ledger_touched){.tagged = theirs == 14, .bucket_bits = theirs};
            set_bucket(&t, 5U << (theirs - 12));
            hear(l, 0, O1, 9);
            const struct dot_range range = {O1, 1, 9};
            cr_assert_eq(ledger_close_touched(l, &range, &t, &closed_n), 2);
            cr_assert_eq(closed_n, 9);
            const struct ledger_touched got = ask(l, O1, 1, 9);
            cr_assert_eq(got.tagged, theirs == 14);
            cr_assert_not(got.everything);
            cr_assert_eq(got.set_n, theirs < ours ? 1U << (ours - theirs) : 1U);
            cr_assert(has_bucket(&got, 5ULL << 52));
            drop(l);
        }
    }
}

Test(touched, a_closing_by_an_answer_that_makes_no_sense_marks_everything)
{
    static struct ledger_touched t;
    const struct ledger_cfg cfg = small_cfg();
    const uint8_t bits[] = {0, 11, 17, 255, 12};
    for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
        struct ledger *l = make(&cfg);
        const struct dot_range range = {O1, 1, 9};
        t = (struct ledger_touched){.bucket_bits = bits[i], .everything = bits[i] == 12};
        hear(l, 0, O1, 9);
        cr_assert_neq(ledger_close_touched(l, &range, &t, NULL), 0);
        cr_assert(ask(l, O1, 1, 9).everything);
        drop(l);
    }
}

/* ---- a random life, and the truth about every dot ---- */

struct life {
    struct rng rng;
    struct ledger *l;
    bool closes; /* without content, now and then */
    uint64_t sure_n;
    uint64_t precise_n;
};

/** What a dot is follows from its name: mostly one of few keys, seldom a tag or a burst. */
static struct dot true_dot(uint64_t epoch, uint64_t seq)
{
    static uint8_t map[DOT_BUCKETS_LEN];
    struct rng rng;
    rng_init(&rng, epoch << 32 ^ seq);
    const uint64_t what = rng_below(&rng, 100);
    struct dot d = {.epoch = epoch, .seq = seq, .kind = DOT_KEY, .hash = rng_next(&rng)};
    memset(map, 0, sizeof map);
    map[rng_below(&rng, sizeof map)] = 1;
    if (what == 0)
        d.kind = DOT_TAG;
    if (what == 1 && rng_below(&rng, 30) == 0)
        d.kind = DOT_NAMESPACE;
    if (what == 2)
        d = (struct dot){
            .epoch = epoch, .seq = seq, .kind = DOT_BUCKETS, .more = slice_of(map, sizeof map)};
    return d;
}

static bool shares_bucket(const struct ledger_touched *t, const struct dot *d)
{
    if (d->kind == DOT_KEY)
        return has_bucket(t, d->hash);
    for (uint64_t b = 0; b < 4096; b++)
        if ((d->more.at[b / 8] >> (b % 8) & 1) != 0)
            return has_bucket(t, b << 52) && has_bucket(t, (b + 1) * (1ULL << 52) - 1);
    return true;
}

static bool tells_of(const struct ledger_touched *t, const struct dot *d)
{
    if (t->everything)
        return true;
    if (d->kind == DOT_TAG)
        return t->tagged;
    return d->kind != DOT_NAMESPACE && shares_bucket(t, d);
}

static void add_truth(struct ledger_touched *t, const struct dot *d)
{
    t->everything |= d->kind == DOT_NAMESPACE;
    t->tagged |= d->kind == DOT_TAG;
    if (d->kind == DOT_KEY)
        set_bucket(t, dot_bucket(d->hash, 12));
    if (d->kind == DOT_BUCKETS)
        for (size_t i = 0; i < DOT_BUCKETS_LEN; i++)
            t->bits[i] |= d->more.at[i];
}

static struct origin_view look_at(const struct life *f, uint64_t epoch)
{
    struct origin_view v = {0};
    (void)ledger_origin(f->l, epoch, &v);
    return v;
}

static void step_dot(struct life *f, uint64_t epoch)
{
    const struct origin_view v = look_at(f, epoch);
    const uint64_t past = rng_below(&f->rng, 3) == 0 ? rng_below(&f->rng, 40) : 0;
    const struct dot d = true_dot(epoch, v.applied + 1 + past);
    arrive_dot(f->l, &d);
}

static void step_own(struct life *f)
{
    struct dot d = true_dot(SELF, ledger_head(f->l) + 1);
    ledger_issue(f->l, 0, &d);
    ledger_cover(f->l, &d);
}

static void step_close(struct life *f, uint64_t epoch)
{
    static struct ledger_touched t;
    const struct origin_view v = look_at(f, epoch);
    const struct dot_range range = {epoch, v.applied + 1, v.applied + 1 + rng_below(&f->rng, 9)};
    t = (struct ledger_touched){.bucket_bits = 12};
    for (uint64_t seq = range.lo; seq <= range.hi; seq++) {
        const struct dot d = true_dot(epoch, seq);
        add_truth(&t, &d);
    }
    if (f->closes && rng_below(&f->rng, 40) == 0)
        ledger_close(f->l, epoch, range.lo, range.hi, NULL);
    else
        ledger_close_touched(f->l, &range, &t, NULL);
}

static void step_rare(struct life *f, uint64_t epoch)
{
    const struct origin_view v = look_at(f, epoch);
    uint64_t barrier;
    if (f->closes && rng_below(&f->rng, 3) == 0)
        cr_assert_eq(ledger_adopt(f->l, epoch, v.applied + 5), OK);
    else if (v.applied == v.head && v.applied > 0)
        (void)!ledger_retire(f->l, epoch, &barrier);
}

static void step(struct life *f)
{
    const uint64_t epoch = rng_below(&f->rng, ORIGINS) + 1;
    const uint64_t what = rng_below(&f->rng, 1000);
    if (what < 800)
        step_dot(f, epoch);
    else if (what < 890)
        step_own(f);
    else if (what < 950)
        (void)!ledger_hear(f->l, 0, epoch, look_at(f, epoch).head + rng_below(&f->rng, 30));
    else if (what < 998)
        step_close(f, epoch);
    else
        step_rare(f, epoch);
}

static void check_answer(struct life *f)
{
    static struct ledger_touched t;
    const uint64_t pick = rng_below(&f->rng, ORIGINS + 1);
    const uint64_t epoch = pick == 0 ? SELF : pick;
    const struct origin_view v = look_at(f, epoch);
    const uint64_t back = rng_below(&f->rng, rng_below(&f->rng, 4) == 0 ? 3000 : 100);
    const uint64_t lo = v.head > back ? v.head - back : 1;
    const struct dot_range range = {epoch, lo, lo + rng_below(&f->rng, 30)};
    if (ledger_touched(f->l, &range, 1, &t) != OK)
        return;
    for (uint64_t seq = range.lo; seq <= range.hi; seq++) {
        const struct dot d = true_dot(epoch, seq);
        cr_assert(ledger_covered(f->l, epoch, seq));
        cr_assert(tells_of(&t, &d), "the answer does not tell of dot %d", (int)seq);
    }
    f->sure_n++;
    f->precise_n += !t.everything;
}

static void live(struct life *f, uint64_t seed)
{
    struct ledger_cfg cfg = small_cfg();
    rng_init(&f->rng, seed);
    cfg.checkpoints_max = (uint32_t)rng_below(&f->rng, 5);
    cfg.bucket_bits = (uint8_t)(12 + rng_below(&f->rng, 5));
    f->closes = rng_below(&f->rng, 2) == 0;
    f->l = make(&cfg);
    for (int i = 0; i < OPS; i++) {
        step(f);
        if (i % 4 == 0)
            check_answer(f);
    }
    drop(f->l);
}

Test(touched, an_answer_tells_of_every_dot_that_was_asked_for, .timeout = 120)
{
    static struct life f;
    const uint64_t seed = test_seed();
    for (uint64_t run = 0; run < RUNS; run++)
        live(&f, seed + run);
    cr_log_info("%llu answers, %llu with buckets", (unsigned long long)f.sure_n,
                (unsigned long long)f.precise_n);
    cr_assert_gt(f.sure_n, RUNS * OPS / 40);
    cr_assert_gt(f.precise_n, f.sure_n / 20);
}
