/** The real engine as a policy: get, and on a miss token and fill, in a budget that holds as many
 *  items as the others may hold objects. */
#include <stdlib.h>

#include "policy/budget.h"
#include "policy/policy.h"
#include "policy/stand.h"

#define REQUEST_US 1000 /* of simulated time, from one request to the next */

struct engine {
    struct stand stand;
    struct policy_facts facts;
    uint32_t value_len;
    uint8_t value[BUDGET_VALUE_MAX];
};

static bool make(struct engine *e, const struct policy_cfg *cfg)
{
    if (!budget_for(cfg->capacity, cfg->value_len, &e->facts.budget_bytes))
        return fault_tell(cfg->fault, "no budget was found that holds %llu items",
                          (unsigned long long)cfg->capacity);
    e->facts.fits_n = budget_holds(e->facts.budget_bytes, cfg->value_len, 2 * cfg->capacity);
    e->value_len = cfg->value_len;
    const struct stand_cfg stand = {
        .budget_bytes = e->facts.budget_bytes, .shards = 1, .value_max = cfg->value_len};
    return stand_begin(&e->stand, &stand) || fault_tell(cfg->fault, "no memory for the engine");
}

static void *begin(const struct policy_cfg *cfg)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL || !make(e, cfg)) {
        if (e == NULL)
            fault_tell(cfg->fault, "no memory for the engine");
        free(e);
        return NULL;
    }
    return e;
}

static bool ask(void *state, const struct trace_request *request)
{
    struct engine *e = state;
    uint8_t room[BUDGET_KEY_LEN];
    const struct cache_key key = budget_key(e->stand.cache, request->object, room);
    e->stand.now += REQUEST_US;
    if (stand_get(&e->stand, &key, e->value))
        return true;
    const struct cache_item item = {.value = slice_of(e->value, e->value_len)};
    stand_fill(&e->stand, &key, &item);
    return false;
}

static void facts(const void *state, struct policy_facts *out)
{
    const struct engine *e = state;
    *out = e->facts;
}

static void end(void *state)
{
    struct engine *e = state;
    stand_end(&e->stand);
    free(e);
}

const struct policy POLICY_ENGINE = {
    .name = "engine", .by_size = false, .begin = begin, .ask = ask, .facts = facts, .end = end};
