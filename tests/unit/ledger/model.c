#include "model.h"

#include <criterion/criterion.h>
#include <string.h>

void model_init(struct model *m, uint64_t epoch, uint32_t windows)
{
    memset(m, 0, sizeof *m);
    m->l = 1;
    m->windows_free = windows;
    m->origins_n = 1;
    m->origins[0].epoch = epoch;
}

struct model_origin *model_find(struct model *m, uint64_t epoch)
{
    for (uint32_t i = 0; i < m->origins_n; i++) {
        if (m->origins[i].epoch == epoch)
            return &m->origins[i];
    }
    return NULL;
}

static struct model_origin *find_or_add(struct model *m, uint64_t epoch)
{
    struct model_origin *o = model_find(m, epoch);
    if (o != NULL || m->origins_n == MODEL_ORIGINS)
        return o;
    o = &m->origins[m->origins_n++];
    o->epoch = epoch;
    return o;
}

uint64_t model_applied(struct model_origin *o)
{
    while (o->covered[o->applied + 1])
        o->applied++;
    return o->applied;
}

size_t model_gaps(const struct model *m, struct model_origin *o, struct gap *out)
{
    size_t n = 0;
    uint32_t last = UINT32_MAX;
    for (uint64_t seq = model_applied(o) + 1; seq <= o->head; seq++) {
        if (o->covered[seq])
            continue;
        if (n == 0 || o->record[seq] != last) {
            cr_assert_leq(n, LEDGER_GAPS);
            const struct model_record *r = &m->records[o->record[seq]];
            out[n++] =
                (struct gap){.epoch = o->epoch, .lo = seq, .g = r->g, .opened_at = r->opened_at};
            last = o->record[seq];
        }
        out[n - 1].hi = seq;
    }
    return n;
}

static void merge_nearest(struct model *m, struct model_origin *o)
{
    struct gap gaps[LEDGER_GAPS + 1];
    if (model_gaps(m, o, gaps) <= LEDGER_GAPS)
        return;
    size_t best = 0;
    for (size_t i = 1; i < LEDGER_GAPS; i++) {
        if (gaps[i + 1].lo - gaps[i].hi < gaps[best + 1].lo - gaps[best].hi)
            best = i;
    }
    const struct gap *a = &gaps[best];
    const struct gap *b = &gaps[best + 1];
    m->records[m->records_n] = (struct model_record){
        .g = a->g > b->g ? a->g : b->g, .opened_at = time_min(a->opened_at, b->opened_at)};
    for (uint64_t seq = a->lo; seq <= b->hi; seq++)
        o->record[seq] = m->records_n;
    m->records_n++;
}

static void raise_head(struct model *m, mono_us now, struct model_origin *o, uint64_t head)
{
    cr_assert_lt(m->records_n + 1, MODEL_RECORDS);
    m->records[m->records_n] = (struct model_record){.g = ++m->l, .opened_at = now};
    for (uint64_t seq = o->head + 1; seq <= head; seq++)
        o->record[seq] = m->records_n;
    m->records_n++;
    o->head = head;
    merge_nearest(m, o);
}

bool model_hear(struct model *m, mono_us now, uint64_t epoch, uint64_t head)
{
    struct model_origin *o = find_or_add(m, epoch);
    if (o == NULL || o == &m->origins[0] || head <= o->head)
        return false;
    raise_head(m, now, o, head);
    return true;
}

/** Give a window back once nothing past applied is covered. */
static void settle(struct model *m, struct model_origin *o)
{
    for (uint64_t seq = model_applied(o) + 1; seq <= o->head; seq++) {
        if (o->covered[seq])
            return;
    }
    m->windows_free += o->window;
    o->window = false;
}

static bool recordable(struct model *m, struct model_origin *o, uint64_t seq)
{
    const uint64_t past = seq - model_applied(o);
    if (past == 1)
        return true;
    if (past > LEDGER_WINDOW || (!o->window && m->windows_free == 0))
        return false;
    m->windows_free -= !o->window;
    o->window = true;
    return true;
}

static uint64_t index_effect(struct model *m, const struct model_origin *o, const struct dot *d)
{
    m->l++;
    return dot_is_strict(d->kind) ? m->l : m->records[o->record[d->seq]].g;
}

struct ledger_effect model_issue(struct model *m, mono_us now, struct dot *d)
{
    struct model_origin *own = &m->origins[0];
    d->epoch = own->epoch;
    d->seq = own->head + 1;
    raise_head(m, now, own, d->seq);
    return (struct ledger_effect){.verdict = LEDGER_FRESH, .effect_i = index_effect(m, own, d)};
}

struct ledger_effect model_take(struct model *m, mono_us now, const struct dot *d)
{
    struct ledger_effect e = {.verdict = LEDGER_DUPLICATE};
    struct model_origin *o = find_or_add(m, d->epoch);
    if (o == NULL)
        return (struct ledger_effect){.verdict = LEDGER_BEYOND, .effect_i = ++m->l};
    if ((o == &m->origins[0] && d->seq > o->head) || o->covered[d->seq])
        return e;
    if (d->seq > o->head)
        raise_head(m, now, o, d->seq);
    e.effect_i = index_effect(m, o, d);
    e.verdict = recordable(m, o, d->seq) ? LEDGER_FRESH : LEDGER_BEYOND;
    return e;
}

void model_cover(struct model *m, const struct dot *d)
{
    struct model_origin *o = model_find(m, d->epoch);
    if (o->covered[d->seq] || !recordable(m, o, d->seq))
        return;
    o->covered[d->seq] = true;
    settle(m, o);
}

uint64_t model_close(struct model *m, const struct dot_range *range, uint64_t *closed_n)
{
    uint64_t g = 0;
    *closed_n = 0;
    struct model_origin *o = model_find(m, range->epoch);
    if (o == NULL)
        return 0;
    const uint64_t applied = model_applied(o);
    const bool front = range->lo <= applied + 1;
    const bool room = front || o->window || m->windows_free > 0;
    for (uint64_t seq = range->lo; seq <= range->hi && seq <= o->head && room; seq++) {
        if (o->covered[seq] || (!front && seq - applied > LEDGER_WINDOW) || seq == 0)
            continue;
        const uint64_t found = m->records[o->record[seq]].g;
        g = found > g ? found : g;
        o->covered[seq] = true;
        ++*closed_n;
    }
    if (*closed_n > 0 && !front && !o->window) {
        m->windows_free--;
        o->window = true;
    }
    if (*closed_n > 0)
        settle(m, o);
    return g;
}

void model_adopt(struct model *m, uint64_t epoch, uint64_t applied)
{
    struct model_origin *o = find_or_add(m, epoch);
    if (o == NULL || o == &m->origins[0] || applied <= model_applied(o))
        return;
    for (uint64_t seq = 1; seq <= applied; seq++)
        o->covered[seq] = true;
    if (applied > o->head) {
        o->head = applied;
        m->l++;
    }
    settle(m, o);
}
