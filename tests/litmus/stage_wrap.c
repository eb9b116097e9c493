#include "stage_wrap.h"

#include "cache/check.h"

static struct stage *stage;

void stage_wrap_use(struct stage *s)
{
    stage = s;
}

/* These names are the linker's. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
bool __real_check_fill(struct shard *s, const struct fill *f, enum cache_reason *reason);
void __real_recent_add(struct recent *r, const struct record *what);
void __real_recent_raise_floor(struct recent *r, uint64_t index);
void __real_cache_apply(struct cache *c, mono_us now, const struct dot *d, uint64_t effect_i);
bool __wrap_check_fill(struct shard *s, const struct fill *f, enum cache_reason *reason);
void __wrap_recent_add(struct recent *r, const struct record *what);
void __wrap_recent_raise_floor(struct recent *r, uint64_t index);
void __wrap_cache_apply(struct cache *c, mono_us now, const struct dot *d, uint64_t effect_i);

static bool drop_lock(bool answer)
{
    const struct cache_cfg *cfg = cache_config(stage->c);
    cfg->unlock(cfg->lock_ctx, 0);
    cfg->lock(cfg->lock_ctx, 0);
    return answer;
}

/** The whole check, but for the floor, which was read before. */
static bool check_after_floor(struct shard *s, const struct fill *f, enum cache_reason *reason)
{
    const uint64_t floor = s->recent.floor;
    explorer_step(&s->recent, "fill: the floor was read");
    const bool answer = __real_check_fill(s, f, reason);
    if (answer && *reason == CACHE_FORGOTTEN && floor <= f->stamp)
        *reason = CACHE_STORED;
    return answer;
}

bool __wrap_check_fill(struct shard *s, const struct fill *f, enum cache_reason *reason)
{
    switch (stage->mutant) {
    case LOCK_DROPPED_IN_FILL:
        return drop_lock(__real_check_fill(s, f, reason));
    case FLOOR_READ_FIRST:
        return check_after_floor(s, f, reason);
    case STORE_UNCHECKED:
        *reason = CACHE_STORED;
        return true;
    default:
        return __real_check_fill(s, f, reason);
    }
}

void __wrap_recent_add(struct recent *r, const struct record *what)
{
    if (stage->mutant != RECORD_AFTER_UNLOCK) {
        __real_recent_add(r, what);
        return;
    }
    stage->owed.record_owed = true;
    stage->owed.record = *what;
    stage->owed.recent = r;
}

void __wrap_recent_raise_floor(struct recent *r, uint64_t index)
{
    if (stage->mutant != FLOOR_AFTER_UNLOCK) {
        __real_recent_raise_floor(r, index);
        return;
    }
    stage->owed.floor_owed = true;
    stage->owed.floor = index;
    stage->owed.recent = r;
}

void __wrap_cache_apply(struct cache *c, mono_us now, const struct dot *d, uint64_t effect_i)
{
    if (stage->mutant != EFFECTS_AFTER_REPLY) {
        __real_cache_apply(c, now, d, effect_i);
        return;
    }
    stage->owed.dot_owed = true;
    stage->owed.dot = *d;
    stage->owed.effect_i = effect_i;
}

void stage_wrap_apply(struct stage *s)
{
    const struct owed owed = s->owed;
    s->owed.dot_owed = false;
    if (owed.dot_owed)
        __real_cache_apply(s->c, s->now, &owed.dot, owed.effect_i);
}

void stage_wrap_pay(struct owed *owed)
{
    if (owed->record_owed)
        __real_recent_add(owed->recent, &owed->record);
    if (owed->floor_owed)
        __real_recent_raise_floor(owed->recent, owed->floor);
    owed->record_owed = owed->floor_owed = false;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
