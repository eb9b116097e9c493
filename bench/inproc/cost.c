/** What an operation costs on average. */
#include "cache/hint.h"
#include "inproc/load.h"

#define INSERTS_MIN   200000 /* a small cache is filled so often */
#define EVICTIONS_MIN 20000  /* a cache has at least a megabyte */
#define GETS_MIN      1000000
#define GETS_MAX      4000000
#define ROUNDS        3

/** Does calls operations on a cache of so many items; returns how many did what they should. */
typedef uint64_t operate(struct load *l, uint64_t items, uint64_t calls);

static uint64_t make_keys(struct load *l, uint64_t items, uint64_t calls)
{
    uint64_t done = 0;
    for (uint64_t i = 0; i < calls; i++)
        done += load_key(l, load_draw(l, items));
    return done;
}

static uint64_t get_one_by_one(struct load *l, uint64_t items, uint64_t calls)
{
    uint64_t hits = 0;
    for (uint64_t i = 0; i < calls; i++)
        hits += load_get(l, load_draw(l, items));
    return hits;
}

/** Hint at the index, then at the items, then look: so the waits for memory overlap. */
static uint64_t get_in_batches(struct load *l, uint64_t items, uint64_t calls)
{
    struct load_keys keys;
    struct cache_hint hints[COST_BATCH];
    uint64_t hits = 0;
    for (uint64_t i = 0; i < calls; i += COST_BATCH) {
        for (uint32_t j = 0; j < COST_BATCH; j++) {
            load_key_at(l, load_draw(l, items), &keys, j);
            cache_hint(l->stand.cache, keys.at[j].hash, &hints[j]);
        }
        for (uint32_t j = 0; j < COST_BATCH; j++)
            cache_hint_index(&hints[j]);
        for (uint32_t j = 0; j < COST_BATCH; j++)
            cache_hint_item(&hints[j], PAYLOAD_LEN);
        for (uint32_t j = 0; j < COST_BATCH && i + j < calls; j++)
            hits += stand_get(&l->stand, &keys.at[j], l->value);
    }
    return hits;
}

/** The median over rounds of nanoseconds per operation; false when one did not do what it should. */
static bool time_operation(struct load *l, uint64_t items, operate *operation, double *out)
{
    const uint64_t calls = items < GETS_MIN ? GETS_MIN : items > GETS_MAX ? GETS_MAX : items;
    double ns[ROUNDS], swap;
    for (int i = 0; i < ROUNDS; i++) {
        const uint64_t begun = load_cpu_ns();
        if (operation(l, items, calls) != calls)
            return false;
        ns[i] = (double)(load_cpu_ns() - begun) / (double)calls;
        for (int j = i; j > 0 && ns[j - 1] > ns[j]; j--) {
            swap = ns[j - 1];
            ns[j - 1] = ns[j];
            ns[j] = swap;
        }
    }
    *out = ns[ROUNDS / 2];
    return true;
}

static bool fill_from(struct load *l, uint64_t first, uint64_t n)
{
    uint64_t stored = 0;
    for (uint64_t i = first; i < first + n; i++)
        stored += load_fill(l, i);
    return stored == n;
}

/** Fill new caches; the last stays in *l. */
static bool time_inserts(struct load *l, uint64_t items, double *ns)
{
    const uint64_t rounds = items < INSERTS_MIN ? INSERTS_MIN / items : 1;
    uint64_t spent = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        if (i > 0)
            load_end(l);
        if (!load_begin(l, load_budget(items)))
            return false;
        load_touch(l);
        const uint64_t begun = load_cpu_ns();
        if (!fill_from(l, 0, items))
            return false;
        spent += load_cpu_ns() - begun;
    }
    *ns = (double)spent / (double)(rounds * items);
    return true;
}

/** Fill a cache that has room for fewer, and then as many again. */
static bool time_evictions(uint64_t items, double *ns)
{
    const uint64_t n = items < EVICTIONS_MIN ? EVICTIONS_MIN : items;
    struct load l;
    bool done = load_begin(&l, n * PAYLOAD_LEN);
    if (done)
        load_touch(&l);
    done = done && fill_from(&l, 0, n) && load_items(&l) < n;
    const uint64_t begun = load_cpu_ns();
    done = done && fill_from(&l, n, n);
    *ns = (double)(load_cpu_ns() - begun) / (double)n;
    load_end(&l);
    return done;
}

bool measure_cost(uint64_t items, struct cost *out)
{
    struct load l;
    *out = (struct cost){.items = items};
    const bool measured = time_inserts(&l, items, &out->insert_ns) &&
                          time_operation(&l, items, make_keys, &out->key_ns) &&
                          time_operation(&l, items, get_one_by_one, &out->get_ns) &&
                          time_operation(&l, items, get_in_batches, &out->batch_ns) &&
                          time_evictions(items, &out->evict_ns);
    out->insert_ns -= out->key_ns;
    out->evict_ns -= out->key_ns;
    out->get_ns -= out->key_ns;
    out->batch_ns -= out->key_ns;
    load_end(&l);
    return measured;
}
