#include "summary.h"

#include <assert.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"

#define US_PER_HOUR ((double)(3600 * US_PER_SEC))

#define COUNTER(field)                                                                             \
    {                                                                                              \
#field, offsetof(struct sim_counters, field)                                               \
    }

static const struct {
    const char *name;
    size_t offset;
} COUNTERS[] = {
    COUNTER(events),        COUNTER(datagrams), COUNTER(lost),           COUNTER(duplicated),
    COUNTER(overflowed),    COUNTER(frames),    COUNTER(copies_refused), COUNTER(replayed),
    COUNTER(damaged),       COUNTER(too_long),  COUNTER(crashes),        COUNTER(restarts),
    COUNTER(pauses),        COUNTER(cuts),      COUNTER(foreigners),     COUNTER(reads),
    COUNTER(hits),          COUNTER(fills),     COUNTER(refused),        COUNTER(puts),
    COUNTER(invalidations), COUNTER(pulled),    COUNTER(broad),          COUNTER(relays),
    COUNTER(kept),
};

static void set(json_t *object, const char *name, json_t *value)
{
    const int failed = json_object_set_new(object, name, value);
    assert(failed == 0);
}

static json_t *integer(uint64_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *counters_of(const struct sim_counters *c)
{
    json_t *out = json_object();
    for (size_t i = 0; i < ARRAY_LEN(COUNTERS); i++) {
        uint64_t value = 0;
        memcpy(&value, (const uint8_t *)c + COUNTERS[i].offset, sizeof value);
        set(out, COUNTERS[i].name, integer(value));
    }
    return out;
}

static json_t *marks_of(const struct seed_result *sum)
{
    json_t *out = json_object();
    for (uint32_t i = 0; i < marks_n(); i++)
        set(out, mark_name(i), integer(sum->mark_seeds[i]));
    return out;
}

static json_t *checks_of(const struct seed_result *sum)
{
    json_t *out = json_object();
    for (uint32_t i = 0; i < CHECKS; i++)
        set(out, check_name((enum check)i), integer(sum->checked.times[i]));
    return out;
}

void summary_json(const struct seed_result *sum, uint64_t seeds, FILE *out)
{
    char fingerprint[17];
    json_t *all = json_object();
    snprintf(fingerprint, sizeof fingerprint, "%016llx", (unsigned long long)sum->fingerprint);
    set(all, "seeds", integer(seeds));
    set(all, "failed", json_boolean(sum->failed));
    set(all, "check", sum->failed ? json_string(check_name(sum->check)) : json_null());
    set(all, "fingerprint", json_string(fingerprint));
    set(all, "node_hours", json_real((double)sum->simulated_us / US_PER_HOUR));
    set(all, "node_hours_without_faults", json_real((double)sum->quiet_us / US_PER_HOUR));
    set(all, "reads_without_faults", integer(sum->quiet.reads));
    set(all, "hits_without_faults", integer(sum->quiet.hits));
    set(all, "settled_ms", integer(sum->settled_us / US_PER_MS));
    set(all, "counters", counters_of(&sum->counters));
    set(all, "marks", marks_of(sum));
    set(all, "checked", checks_of(sum));
    json_dumpf(all, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(all);
}
