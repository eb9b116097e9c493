#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/rng.h"
#include "ledger/epochs.h"

#include "fixture.h"

#define MAX 16

Test(epochs, agree_with_an_array_over_additions_and_removals)
{
    struct arena arena;
    struct epochs e;
    struct rng rng;
    uint32_t values[40]; /* of epochs 1 to 39 */
    uint32_t n = 0;
    void *mem = calloc(1, 4096);
    arena_init(&arena, mem, 4096);
    rng_init(&rng, test_seed());
    cr_assert(ledger_epochs_init(&arena, &e, MAX, rng_next(&rng)));
    for (size_t i = 0; i < 40; i++)
        values[i] = LEDGER_EPOCHS_NONE;
    for (uint32_t round = 0; round < 100000; round++) {
        const uint64_t epoch = rng_below(&rng, 39) + 1;
        const bool is = values[epoch] != LEDGER_EPOCHS_NONE;
        if (is)
            ledger_epochs_remove(&e, epoch);
        else if (n < MAX)
            ledger_epochs_add(&e, epoch, round);
        n = is ? n - 1 : n < MAX ? n + 1 : n;
        values[epoch] = is || ledger_epochs_find(&e, epoch) != round ? LEDGER_EPOCHS_NONE : round;
        for (uint64_t k = 1; k < 40; k++)
            cr_assert_eq(ledger_epochs_find(&e, k), values[k]);
    }
    free(mem);
}
