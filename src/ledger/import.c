#include "ledger/import.h"

#include <string.h>

#include "ledger/state.h"

#define MASK_REACH 65 /* a cover names single sequences up to so many past `applied` */

struct ledger_import {
    uint64_t x;     /* what was touched later may be meant by a dot that the donor lacks */
    uint64_t stamp; /* below every gap that the donor lacks, too */
    uint64_t moves; /* of origins between slots and ring, as counted at the beginning */
    uint8_t *named; /* one bit for each slot, and behind them one for each place of the ring */
    size_t named_len;
};

static size_t named_bytes(const struct ledger *l)
{
    return ((size_t)l->origins.max + l->retired.room + 7) / 8;
}

struct ledger_import *ledger_import_new(struct arena *arena, const struct ledger *l)
{
    struct ledger_import *im = arena_take(arena, 1, sizeof *im);
    uint8_t *named = arena_take(arena, named_bytes(l), 1);
    if (im == NULL || named == NULL)
        return NULL;
    *im = (struct ledger_import){.named = named, .named_len = named_bytes(l)};
    return im;
}

/** Slots and places that may have another user by now. */
static uint64_t count_moves(const struct ledger *l)
{
    return l->counters.retired + l->counters.reinstated + l->counters.forgotten;
}

void ledger_import_begin(struct ledger_import *im, const struct ledger *l)
{
    im->x = l->l;
    im->stamp = l->l;
    im->moves = count_moves(l);
    memset(im->named, 0, im->named_len);
}

static void lower(uint64_t *index, uint64_t to)
{
    if (to < *index)
        *index = to;
}

static void set_named(struct ledger_import *im, size_t i)
{
    im->named[i / 8] |= (uint8_t)(1U << i % 8);
}

static bool is_named(const struct ledger_import *im, size_t i)
{
    return (im->named[i / 8] >> i % 8 & 1) != 0;
}

/** The first sequence that is covered here and not by c; 0 when there is none. */
static uint64_t first_lacking(const struct origin *o, const struct cover *c)
{
    if (c->applied >= o->head)
        return 0;
    const uint64_t past = o->head - c->applied;
    for (uint64_t i = 1; i <= past && i <= MASK_REACH; i++)
        if (!cover_has(c, c->applied + i) && ledger_origin_covers(o, c->applied + i))
            return c->applied + i;
    if (past <= MASK_REACH)
        return 0;
    const uint64_t from = c->applied + MASK_REACH + 1;
    if (from <= o->applied)
        return from;
    const uint64_t open = ledger_origin_run(o, from, o->head - from + 1, false);
    return open > o->head - from ? 0 : from + open;
}

static void compare(struct ledger_import *im, const struct origin *o, const struct cover *c)
{
    const uint64_t first = first_lacking(o, c);
    if (first != 0)
        lower(&im->x, ledger_checkpoints_before(o->checkpoints, first, o->born));
    for (uint32_t i = 0; i < o->parts_n; i++)
        if (o->parts[i].hi > c->applied)
            lower(&im->stamp, o->parts[i].g - 1);
}

static void compare_retired(struct ledger_import *im, const struct retired_entry *e,
                            uint64_t applied)
{
    if (applied < e->is.last)
        lower(&im->x, e->born);
}

void ledger_import_cover(struct ledger_import *im, const struct ledger *l, const struct cover *c)
{
    const struct origin *o = ledger_origins_find(&l->origins, c->epoch);
    const struct retired_entry *e = ledger_retired_find(&l->retired, c->epoch);
    if (o != NULL) {
        compare(im, o, c);
        set_named(im, ledger_origins_slot(&l->origins, o));
    } else if (e != NULL) {
        compare_retired(im, e, c->applied);
        set_named(im, l->origins.max + (size_t)(e - l->retired.at));
    }
}

/** What the donor did not name it has covered nothing of. */
static void compare_rest(struct ledger_import *im, const struct ledger *l)
{
    const struct cover none = {.applied = 0};
    for (uint32_t slot = 0; slot < l->origins.max; slot++)
        if (ledger_origins_used(&l->origins, slot) && !is_named(im, slot))
            compare(im, &l->origins.at[slot], &none);
    for (uint32_t i = 0; i < l->retired.room; i++)
        if (!is_named(im, (size_t)l->origins.max + i))
            compare_retired(im, &l->retired.at[i], 0);
}

static bool takes_any(const struct ledger_import *im, const struct ledger *l)
{
    return l->touch.all <= im->x && l->touch.wide <= im->x && ledger_import_possible(l);
}

bool ledger_import_end(struct ledger_import *im, const struct ledger *l, uint64_t after)
{
    compare_rest(im, l);
    if (after != 0)
        lower(&im->stamp, after - 1);
    return im->moves == count_moves(l) && im->stamp > 0 && takes_any(im, l);
}

bool ledger_import_takes(const struct ledger_import *im, const struct ledger *l, uint64_t hash,
                         bool tagged)
{
    return takes_any(im, l) && l->touch.at[dot_bucket(hash, l->touch.bits)] <= im->x &&
           (!tagged || l->touch.tagged <= im->x);
}

uint64_t ledger_import_stamp(const struct ledger_import *im)
{
    return im->stamp;
}

bool ledger_import_possible(const struct ledger *l)
{
    return l->counters.forgotten == 0 && l->counters.origins_full == 0;
}
