#include "history/recent.h"

#include <pthread.h>

#define KEPT 64

static struct recent recent[KEPT];
static size_t recent_n;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void recent_keep(const struct recent *r)
{
    pthread_mutex_lock(&lock);
    recent[recent_n++ % KEPT] = *r;
    pthread_mutex_unlock(&lock);
}

bool recent_recall(struct rng *rng, struct recent *out)
{
    pthread_mutex_lock(&lock);
    const size_t n = recent_n < KEPT ? recent_n : KEPT;
    if (n > 0)
        *out = recent[rng_below(rng, n)];
    pthread_mutex_unlock(&lock);
    return n > 0;
}
