/** Hints: they change nothing, whatever they are told. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "cache/hint.h"

#include "world.h"

#define KEYS 2000

static void hint(struct world *w, const char *key)
{
    struct cache_hint h;
    cache_hint(w->c, key_of(w, "", key).hash, &h);
    cache_hint_index(&h);
    cache_hint_fill(&h);
    cache_hint_item(&h, 300);
}

Test(hint, nothing_changes_and_no_lock_is_taken)
{
    struct world *w = world_new(&(struct world_cfg){.budget_bytes = 1 << 20, .shards = 4});
    struct cache_stats before, after;
    char key[16];
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        if (i % 2 == 0)
            cr_assert_eq(fill_now(w, key, (struct entry){.value = "value"}), CACHE_STORED);
    }
    cache_stats(w->c, &before);
    const uint64_t locks = w->locks;
    for (int i = 0; i < KEYS; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        hint(w, key);
    }
    cr_expect_eq(w->locks, locks);
    cache_stats(w->c, &after);
    cr_expect_eq(memcmp(&before, &after, sizeof before), 0);
    world_free(w);
}

Test(hint, any_hash_will_do)
{
    struct world *w = world_new(&(struct world_cfg){.shards = 1});
    static const uint64_t hashes[] = {0, 1, UINT64_MAX, 1ULL << 63, 0x00ff00ff00ff00ffULL};
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        struct cache_hint h;
        cache_hint(w->c, hashes[i], &h);
        cache_hint_item(&h, SIZE_MAX); /* also before its turn */
        cache_hint_index(&h);
        cache_hint_fill(&h);
        cache_hint_item(&h, SIZE_MAX);
    }
    world_free(w);
}
