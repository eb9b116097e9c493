#include <criterion/criterion.h>

#include "base/rng.h"

#include "fixture.h"

#define O1 101ULL
#define O2 202ULL

static struct ledger_cfg thin_cfg(void)
{
    struct ledger_cfg cfg = small_cfg();
    cfg.log_max = 4;
    cfg.thin_max = 16;
    return cfg;
}

static uint8_t thin_kind(uint8_t kind)
{
    if (kind == DOT_KEY || kind == DOT_PUT || kind == DOT_COMMIT)
        return DOT_KEY;
    return kind == DOT_TAG ? DOT_TAG : 0;
}

Test(thin, keeps_the_targets_of_keys_and_tags_and_nothing_else)
{
    const struct ledger_cfg cfg = thin_cfg();
    struct ledger *l = make(&cfg);
    for (uint64_t seq = 1; seq <= 24; seq++)
        arrive(l, O1, seq, (uint8_t)seq);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        const uint8_t kind = thin_kind((uint8_t)seq);
        const struct dot want = {.epoch = O1, .seq = seq, .kind = kind, .hash = O1 * 31 + seq};
        struct dot found;
        cr_assert_eq(ledger_log_find(l, O1, seq, &found), kind != 0, "kind %d", (int)seq);
        cr_assert(kind == 0 || same_dot(&found, &want));
    }
    cr_assert_eq(ledger_log_n(l), 4);
    cr_assert_eq(ledger_log_max(l), 20);
    drop(l);
}

Test(thin, forgets_the_oldest)
{
    const struct ledger_cfg cfg = thin_cfg();
    struct ledger *l = make(&cfg);
    struct dot found;
    for (uint64_t seq = 1; seq <= 200; seq++) {
        arrive(l, O1, seq, DOT_PUT);
        arrive(l, O2, seq, DOT_PREFIX); /* takes no room there */
        for (uint64_t back = 0; back < 30 && back < seq; back++) {
            cr_assert_eq(ledger_log_find(l, O1, seq - back, &found), back < 2 + 16);
            cr_assert(back >= 18 || found.kind == (back < 2 ? DOT_PUT : DOT_KEY));
        }
    }
    drop(l);
}

Test(thin, is_not_asked_about_a_sequence_that_a_name_has_no_room_for)
{
    const struct ledger_cfg cfg = thin_cfg();
    struct ledger *l = make(&cfg);
    const uint64_t far = 1ULL << 47;
    struct dot found;
    cr_assert_eq(ledger_adopt(l, O1, far - 2), OK);
    for (uint64_t i = 0; i < 8; i++)
        arrive(l, O1, far - 1 + i, DOT_KEY);
    cr_assert(ledger_log_find(l, O1, far - 1, &found));
    cr_assert_not(ledger_log_find(l, O1, far, &found));
    cr_assert(ledger_log_find(l, O1, far + 6, &found));
    drop(l);
}

Test(thin, a_slot_that_is_used_again_inherits_nothing)
{
    struct ledger_cfg cfg = thin_cfg();
    cfg.origins_max = 2;
    cfg.windows_max = 2;
    struct ledger *l = make(&cfg);
    struct dot found;
    uint64_t barrier;
    for (uint64_t seq = 1; seq <= 10; seq++)
        arrive(l, O1, seq, DOT_KEY);
    cr_assert_eq(ledger_retire(l, O1, &barrier), OK);
    cr_assert_eq(ledger_log_newest(l, 0).epoch, 0);
    for (uint64_t seq = 11; seq <= 13; seq++) /* pushes dots of the other one out of the log */
        arrive(l, O2, seq, DOT_KEY);
    cr_assert_eq(ledger_adopt(l, O2, 10), OK);
    for (uint64_t seq = 1; seq <= 10; seq++) {
        cr_assert_not(ledger_log_find(l, O1, seq, &found));
        cr_assert_not(ledger_log_find(l, O2, seq, &found), "%d is not of this origin", (int)seq);
    }
    cr_assert(ledger_log_find(l, O2, 12, &found));
    cr_assert_eq(found.hash, O2 * 31 + 12);
    cr_assert_eq(ledger_log_newest(l, 0).epoch, O2);
    cr_assert_eq(ledger_log_newest(l, 3).epoch, 0);
    drop(l);
}
