/** alone.h - one heal over one ledger, with peers that are only ids: what does it ask, when, of whom? */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "heal/heal.h"
#include "wire/dots.h"

#define MS       US_PER_MS
#define US_EPOCH 0x11ULL /* our own origin */

/** The origin of peer id. */
#define ORIGIN(id) (1000ULL + (id))

struct alone {
    void *mem;
    struct ledger *ledger;
    struct heal *heal;
};

struct alone_cfg {
    uint64_t peers;
    uint32_t retired_max;
    uint32_t thin_max;
    struct heal_cfg heal;
};

/** Production's times without retirement and audits; a log of 1,024; peers 1..peers. */
struct alone_cfg alone_cfg_of(uint64_t peers);
struct alone alone_make_cfg(const struct alone_cfg *cfg);

/** As alone_make_cfg() with alone_cfg_of(). */
struct alone alone_make(uint64_t peers);
void alone_drop(struct alone *a);

/** Peer id's packet shows its own head; the vectors look equal. */
void show_head(struct alone *a, mono_us now, uint64_t id, uint64_t head);

/** Peer id's packet shows no head and this vector hash. */
void show_hash(struct alone *a, mono_us now, uint64_t id, uint64_t hash);

/** Peer id's packet shows this vector hash, and what its run retired and forgot. */
void show_ring(struct alone *a, mono_us now, uint64_t id, uint64_t hash, uint32_t retired_n,
               uint32_t forgotten_n);

/** Peer id says that it covers 1..applied of epoch. */
void show_cover(struct alone *a, mono_us now, uint64_t id, uint64_t epoch, uint64_t applied);

/** Dot (epoch, seq) arrives. */
void arrive(struct alone *a, mono_us now, uint64_t epoch, uint64_t seq);

/** Peer id no longer holds lo..hi of epoch. */
void say_gone(struct alone *a, mono_us now, uint64_t id, struct dot_range range);

/** Is this origin in the table, not retired and not unknown? */
bool has_slot(const struct ledger *l, uint64_t epoch);

/** Tick and take the next output. */
bool next(struct alone *a, mono_us now, struct heal_out *out);

/** The next output is a PULL: returns whom it goes to. */
uint64_t next_pull(struct alone *a, mono_us now);

/** No output is due. */
void expect_none(struct alone *a, mono_us now);

/** The next output is a barrier for this reason at this index. */
void expect_bar(struct alone *a, mono_us now, enum heal_reason reason, uint64_t index);

/** Step through the time. Returns: when a closing came, *out is then it; NEVER when none did. */
mono_us next_close(struct alone *a, mono_us from, mono_us to, struct heal_out *out);

/** The next output closes this range for this reason; carry it out. */
void expect_close(struct alone *a, mono_us now, struct dot_range range, enum heal_reason reason);
