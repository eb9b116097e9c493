/* Who is declared dead and is not: loss and short pauses, and no clients, for as long as one likes.
 *
 *     jay-sim --story false_deaths                              20 node-days, in four seeds
 *     SIM_NODE_DAYS=1000 jay-sim --story false_deaths --seed 1  so many, in one seed, and prints the sum
 *
 * Two processes with different seeds use two cores; their sums add up. A death is a FAIL that anybody
 * tells of a process that runs. Without any, the rate is below 3 / n at 95 %, n the node-days: the
 * rule of three; with d of them the table below has the upper limit of a Poisson mean instead of 3. */
#include <assert.h>
#include <stdlib.h>

#include "base/attr.h"

#include "member.h"

#define DAY_US       (86400 * US_PER_SEC)
#define DAYS_A_SEED  5
#define CHUNK_US     (600 * US_PER_SEC)
#define LOSS         100 /* permille */
#define PAUSE_US     (1 * US_PER_SEC)
#define PAUSE_MEAN   (60 * US_PER_SEC) /* of each node, between two */
#define DEATHS_SHOWN 10

/* Upper 95 % limit of the mean of a Poisson variable that came out as d; in thousandths. */
static const uint32_t POISSON95[DEATHS_SHOWN + 1] = {2996,  4744,  6296,  7754,  9154, 10513,
                                                     11842, 13148, 14435, 15705, 16962};

struct toll {
    uint64_t lived_us; /* of all nodes together */
    uint32_t deaths;
};

static uint64_t limit_us(bool *long_run)
{
    const char *text = getenv("SIM_NODE_DAYS");
    const uint64_t days = text == NULL ? 0 : strtoull(text, NULL, 10);
    *long_run = days > 0;
    return (days > 0 ? days : DAYS_A_SEED) * DAY_US;
}

/* How many live together: the fewest have the shortest suspicions, the most have the most accusers. */
static uint32_t size_of(const struct sim *s)
{
    static const uint32_t SIZES[] = {5, 3, 10, 5};
    return SIZES[s->cfg.seed % ARRAY_LEN(SIZES)];
}

/* Loss and pauses for a while. */
static void live_on(struct sim *s, uint32_t nodes, uint64_t us)
{
    const mono_us end = s->now + us;
    assert(nodes > 0);
    while (s->now < end && !s->failed) {
        const uint64_t step = 1 + link_exponential(&s->boot_rng, PAUSE_MEAN / nodes);
        sim_run(s, step < end - s->now ? step : end - s->now);
        sim_pause(s, (uint32_t)rng_below(&s->boot_rng, nodes), PAUSE_US);
    }
}

static void print_toll(const struct toll *t)
{
    const uint32_t known = t->deaths < DEATHS_SHOWN ? t->deaths : DEATHS_SHOWN;
    const uint64_t days = t->lived_us / DAY_US;
    if (days == 0)
        return;
    const uint64_t limit = POISSON95[known] * 1000ULL / days; /* in millionths */
    printf("deaths: %u, node-days: %llu, 95 %% upper limit: %llu.%06llu a node-day%s\n", t->deaths,
           (unsigned long long)days, (unsigned long long)(limit / 1000000),
           (unsigned long long)(limit % 1000000), t->deaths > DEATHS_SHOWN ? " or more" : "");
}

static void false_deaths(struct sim *s)
{
    static struct toll sum; /* over the seeds of a run */
    bool long_run = false;
    const uint64_t limit = limit_us(&long_run);
    const uint32_t nodes = size_of(s);
    uint64_t lived = 0;
    for (uint32_t i = 0; i < nodes; i++)
        sim_boot(s, i);
    story_within(s, 10 * US_PER_SEC, sim_settled, NULL, "all nodes find each other");
    link_set_all(s, &(struct link){
                        .loss = LOSS, .delay_min_us = 100, .delay_mean_us = 200, .capacity = 4096});
    while (lived < limit && !s->failed && (long_run || sum.deaths == 0)) {
        const uint32_t before = sim_events_all(s, UINT32_MAX, SWIM_FAIL);
        live_on(s, nodes, CHUNK_US);
        lived += CHUNK_US * nodes;
        sum.lived_us += CHUNK_US * nodes;
        sum.deaths += sim_events_all(s, UINT32_MAX, SWIM_FAIL) - before;
    }
    if (long_run)
        print_toll(&sum);
    else
        story_expect(s, sum.deaths == 0, "nobody who lives is declared dead");
}

struct stories stories_member_deaths(void)
{
    static const struct story STORIES[] = {
        {"false_deaths", 10, 4, false_deaths,
         "10 % loss, pauses of 1 s: nobody is declared dead in 20 node-days"},
    };
    return (struct stories){STORIES, ARRAY_LEN(STORIES)};
}
