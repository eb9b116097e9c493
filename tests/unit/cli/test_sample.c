/** What a node's documents say of how it does, and what a sparkline makes of it. */

#include <criterion/criterion.h>
#include <string.h>

#include "cli/sample.h"

static struct sample sample_of(const char *stats, const char *members)
{
    struct sample out;
    json_t *node = json_loads("{\"name\": \"a\", \"cluster\": \"c\", \"state\": \"ready\", "
                              "\"epoch\": \"e\", \"uptime_ms\": 5000, \"head\": 9}",
                              0, NULL);
    json_t *s = json_loads(stats, 0, NULL), *m = json_loads(members, 0, NULL);
    cr_assert(node != NULL && s != NULL && m != NULL);
    sample_read(node, s, m, &out);
    json_decref(node);
    json_decref(s);
    json_decref(m);
    return out;
}

Test(sample, counters_are_read_and_requests_added_up)
{
    const struct sample s = sample_of(
        "{\"cache\": {\"hits\": 3, \"stale_hits\": 1, \"misses\": 2, \"budget_bytes\": 64},"
        " \"loop\": {\"requests_get\": 5, \"requests_put\": 2, \"connections_open\": 4}}",
        "{}");
    cr_expect(s.hits == 4 && s.misses == 2 && s.requests == 7 && s.connections == 4);
    cr_expect_eq(s.budget_bytes, 64);
    cr_expect_str_eq(s.name, "a");
}

Test(sample, who_is_behind_is_told_by_live_members_alone)
{
    const struct sample s =
        sample_of("{}", "{\"members\": [{\"state\": \"alive\", \"self\": true, \"covered\": 0},"
                        "{\"state\": \"alive\", \"covered\": 7, \"rtt_ms\": 1.5},"
                        "{\"state\": \"dead\", \"covered\": 1, \"rtt_ms\": 9}]}");
    cr_expect_eq(s.behind, 2);
    cr_expect_float_eq(s.rtt_ms, 1.5, 1e-9);
    cr_expect(s.members[SAMPLE_ALIVE] == 2 && s.members[SAMPLE_DEAD] == 1);
}

Test(sample, documents_of_something_else_are_zeros)
{
    const struct sample s = sample_of("[]", "[1]");
    cr_expect(s.hits == 0 && s.requests == 0 && s.rtt_ms < 0);
}

Test(sample, rates_are_per_second)
{
    const struct sample before = {.hits = 10, .misses = 0, .requests = 100, .applied = 1};
    const struct sample now = {.hits = 13, .misses = 1, .requests = 150, .applied = 2};
    const struct rates r = sample_rates(&before, &now, 500);
    cr_expect_float_eq(r.requests, 100, 1e-9);
    cr_expect_float_eq(r.applied, 2, 1e-9);
    cr_expect_float_eq(r.hit_ratio, 0.75, 1e-9);
}

Test(sample, nothing_is_known_of_a_first_sample_and_of_another_run)
{
    const struct sample old = {.epoch = "1", .requests = 5}, anew = {.epoch = "2", .requests = 9};
    cr_expect_lt(sample_rates(NULL, &anew, 1000).requests, 0);
    cr_expect_lt(sample_rates(&old, &anew, 1000).requests, 0);
    cr_expect_lt(sample_rates(&anew, &anew, 0).requests, 0);
}

Test(sample, a_ratio_of_nothing_is_unknown)
{
    const struct sample s = {.hits = 7};
    cr_expect_lt(sample_rates(&s, &s, 1000).hit_ratio, 0);
}

/* ---- sparklines ---- */

Test(spark, the_highest_point_is_full_and_a_gap_is_blank)
{
    struct spark s = {0};
    char out[64];
    spark_add(&s, 0);
    spark_add(&s, -1);
    spark_add(&s, 8);
    spark_add(&s, 4);
    spark_draw(&s, 10, false, out);
    cr_expect_str_eq(out, "_ #=");
    spark_draw(&s, 10, true, out);
    cr_expect_str_eq(out, "▁ █▅");
}

Test(spark, only_the_last_points_fit)
{
    struct spark s = {0};
    char out[64];
    for (int i = 0; i < SPARK_POINTS + 5; i++)
        spark_add(&s, i < SPARK_POINTS + 3 ? 100 : 1);
    cr_expect_eq(s.n, SPARK_POINTS);
    spark_draw(&s, 2, false, out);
    cr_expect_str_eq(out, "##", "what is not shown does not count");
    spark_draw(&s, 0, false, out);
    cr_expect_str_eq(out, "");
}

Test(sample, every_state_has_a_word_and_other_words_are_none)
{
    enum sample_state found = SAMPLE_LEFT;
    for (size_t i = 0; i < SAMPLE_STATES; i++) {
        cr_assert(sample_state_named(sample_state_text((enum sample_state)i), &found));
        cr_expect_eq(found, (enum sample_state)i);
    }
    found = SAMPLE_DEAD;
    cr_expect_not(sample_state_named("", &found));
    cr_expect_not(sample_state_named("Alive", &found));
    cr_expect_eq(found, SAMPLE_DEAD);
}
