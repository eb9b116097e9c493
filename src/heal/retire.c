#include "heal/retire.h"

#define LOOK_US     US_PER_SEC        /* all origins are looked at once in it */
#define LOOK_MAX    256               /* origins of one look: each is compared with all peers */
#define PRESSURE_US (10 * US_PER_SEC) /* stands for retire_us when slots run out */

/** Since when every peer has shown our vector; NEVER when one has not, or when there is none. */
static mono_us equal_since(const struct heal *h)
{
    mono_us since = NEVER;
    for (uint32_t i = 0; i < h->peers_n; i++) {
        if (!h->peers[i].was_equal)
            return NEVER;
        since = time_min(since, h->peers[i].equal_at);
    }
    return since;
}

static uint64_t patience(const struct heal *h)
{
    const uint32_t pressure = h->cfg.origins_pressure;
    const bool pressed = pressure != 0 && ledger_origins(h->ledger) >= pressure;
    return pressed && h->cfg.retire_us > PRESSURE_US ? PRESSURE_US : h->cfg.retire_us;
}

/** What a look found out once, for all origins. */
struct look {
    mono_us now;
    mono_us equal; /* as equal_since() */
    uint64_t patience;
};

static bool has_consent(const struct look *look, const struct origin_view *o)
{
    return look->now - o->gone_since >= look->patience && o->gaps_n == 0 && o->applied == o->head &&
           look->equal != NEVER && look->equal > o->gone_since;
}

static void note_retiring(struct heal *h, uint64_t epoch, bool forced)
{
    if (h->retiring_n < RETIRE_MAX) /* else: the next look finds it again */
        h->retiring[h->retiring_n++] = (struct retiring){.epoch = epoch, .forced = forced};
}

/** Tell the ledger whether the member of origin i is there, and note the origin when it ends. */
static void look_at(struct heal *h, const struct look *look, size_t i)
{
    const uint64_t epoch = ledger_origin_at(h->ledger, i).epoch;
    const bool gone = heal_find_origin(h, epoch) == NULL;
    ledger_gone(h->ledger, look->now, epoch, gone);
    const struct origin_view o = ledger_origin_at(h->ledger, i);
    if (!gone || o.gone_since > look->now)
        return;
    if (o.ended || has_consent(look, &o))
        note_retiring(h, epoch, false);
    else if (look->now - o.gone_since >= h->cfg.retire_force_us)
        note_retiring(h, epoch, true);
}

void heal_retire_plan(struct heal *h, mono_us now)
{
    if (h->look_at > now)
        return;
    const struct look look = {.now = now, .equal = equal_since(h), .patience = patience(h)};
    const size_t others = ledger_origins(h->ledger) - 1; /* our own, the first, never ends */
    const size_t looks = others < LOOK_MAX ? others : LOOK_MAX;
    h->retiring_n = 0;
    for (size_t i = 0; i < looks; i++)
        look_at(h, &look, 1 + (h->look_i + i) % others);
    h->look_i = looks == 0 ? 0 : (uint32_t)((h->look_i + looks) % others);
    h->look_at = now + (looks == 0 ? LOOK_US : LOOK_US * looks / others);
}

void heal_retire_told(struct heal *h, mono_us now, uint64_t epoch)
{
    struct origin_view o;
    if (heal_find_origin(h, epoch) != NULL || h->cfg.retire_us == 0)
        return;
    ledger_gone(h->ledger, now, epoch, true);
    if (ledger_origin(h->ledger, epoch, &o) && o.ended)
        note_retiring(h, epoch, false);
}

/** Returns: the barrier that must stand before anything else happens; 0 when there is none. */
static uint64_t retire(struct heal *h, const struct retiring *r)
{
    uint64_t barrier = 0;
    if (heal_find_origin(h, r->epoch) != NULL) /* it came back since the look */
        return 0;
    if (ledger_retire(h->ledger, r->epoch, &barrier) != OK)
        return 0;
    if (r->forced)
        h->counters.retired_forced++;
    else
        h->counters.retired++;
    return barrier;
}

bool heal_retire_poll(struct heal *h, struct heal_out *out)
{
    while (h->retiring_n > 0) {
        const uint64_t barrier = retire(h, &h->retiring[--h->retiring_n]);
        if (barrier == 0)
            continue;
        h->counters.broad_retired++;
        *out = (struct heal_out){.kind = HEAL_BAR, .index = barrier, .reason = HEAL_RETIRED};
        return true;
    }
    return false;
}
