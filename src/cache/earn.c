#include "cache/earn.h"

#define SAMPLES 16   /* keys for one that always needs two uses */
#define LEAST   64   /* of either, before anything is concluded */
#define MOST    4096 /* then half is forgotten */

/** Do they come back at least two thirds as often as the others are used? */
static bool one_is_enough(const struct earn *e)
{
    return e->left >= LEAST && e->seen >= LEAST &&
           3ULL * e->back * e->seen >= 2ULL * e->used * e->left;
}

bool earn_enough(const struct earn *e, unsigned uses, uint32_t bits)
{
    return uses >= 2 || (uses == 1 && bits % SAMPLES != 0 && one_is_enough(e));
}

static void halve(uint32_t *all, uint32_t *some)
{
    *all /= 2;
    *some /= 2;
}

void earn_left(struct earn *e)
{
    e->left++;
    if (e->left >= MOST)
        halve(&e->left, &e->back);
}

void earn_back(struct earn *e)
{
    e->back++;
}

void earn_lap(struct earn *e, bool used)
{
    e->seen++;
    e->used += used;
    if (e->seen >= MOST)
        halve(&e->seen, &e->used);
}
