#include "ledger/epochs.h"

#include <assert.h>
#include <stddef.h>

#include "ledger/mix.h"

bool ledger_epochs_init(struct arena *arena, struct epochs *e, uint32_t max, uint64_t seed)
{
    uint32_t size = 2;
    while (size < 2 * max)
        size *= 2;
    struct epochs_cell *cells = arena_take(arena, size, sizeof *cells);
    if (cells == NULL)
        return false;
    *e = (struct epochs){.cells = cells, .mask = size - 1, .seed = seed};
    return true;
}

static uint32_t pick_home(const struct epochs *e, uint64_t epoch)
{
    return (uint32_t)ledger_mix(epoch ^ e->seed) & e->mask;
}

/** Where epoch is, or the empty cell where it would be. */
static uint32_t probe_cell(const struct epochs *e, uint64_t epoch)
{
    uint32_t i = pick_home(e, epoch);
    while (e->cells[i].epoch != 0 && e->cells[i].epoch != epoch)
        i = (i + 1) & e->mask;
    return i;
}

uint32_t ledger_epochs_find(const struct epochs *e, uint64_t epoch)
{
    const struct epochs_cell *cell = &e->cells[probe_cell(e, epoch)];
    return cell->epoch == 0 ? LEDGER_EPOCHS_NONE : cell->value;
}

void ledger_epochs_add(struct epochs *e, uint64_t epoch, uint32_t value)
{
    struct epochs_cell *cell = &e->cells[probe_cell(e, epoch)];
    assert(epoch != 0 && cell->epoch == 0);
    *cell = (struct epochs_cell){.epoch = epoch, .value = value};
}

void ledger_epochs_remove(struct epochs *e, uint64_t epoch)
{
    uint32_t hole = probe_cell(e, epoch);
    assert(epoch != 0 && e->cells[hole].epoch == epoch);
    uint32_t i = hole;
    for (;;) {
        i = (i + 1) & e->mask;
        if (e->cells[i].epoch == 0)
            break;
        /* A cell may fill the hole unless its home lies behind the hole. */
        const uint32_t home = pick_home(e, e->cells[i].epoch);
        if (((i - home) & e->mask) < ((i - hole) & e->mask))
            continue;
        e->cells[hole] = e->cells[i];
        hole = i;
    }
    e->cells[hole] = (struct epochs_cell){0};
}
