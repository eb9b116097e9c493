#include "load/number.h"

#include <assert.h>
#include <stdlib.h>

#include "load/fatal.h"

#define FIRST 1024 /* places to begin with: a power of two */

static uint64_t mix(uint64_t id)
{
    id *= 0x9E3779B97F4A7C15ULL;
    return id ^ id >> 32;
}

/** The place of id, or the free one where it belongs. */
static uint64_t place_of(const struct number *t, uint64_t id)
{
    assert(t->values != NULL);
    uint64_t i = mix(id) & t->mask;
    while (t->values[i] != 0 && t->ids[i] != id)
        i = (i + 1) & t->mask;
    return i;
}

static struct number table_of(uint64_t places)
{
    return (struct number){.ids = fatal_calloc(places, sizeof(uint64_t)),
                           .values = fatal_calloc(places, sizeof(uint32_t)),
                           .mask = places - 1};
}

static void grow(struct number *t)
{
    const uint64_t places = t->values == NULL ? 0 : t->mask + 1;
    struct number old = *t;
    *t = table_of(places == 0 ? FIRST : places * 2);
    t->n = old.n;
    for (uint64_t i = 0; i < places; i++) {
        if (old.values[i] == 0)
            continue;
        const uint64_t at = place_of(t, old.ids[i]);
        t->ids[at] = old.ids[i];
        t->values[at] = old.values[i];
    }
    number_free(&old);
}

uint32_t number_of(struct number *t, uint64_t id)
{
    if (t->values == NULL || t->n > t->mask / 2)
        grow(t);
    const uint64_t i = place_of(t, id);
    if (t->values[i] == 0) {
        t->ids[i] = id;
        t->values[i] = ++t->n;
    }
    return t->values[i] - 1;
}

void number_free(struct number *t)
{
    free(t->ids);
    free(t->values);
    *t = (struct number){0};
}
