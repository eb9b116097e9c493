/**
 * model.h - the ledger as one would write it without limits on time: one cell per sequence.
 *
 * It follows the same contract by searching where the ledger remembers, so that the two can be
 * compared after every step of a random run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

#define MODEL_SEQS    120000
#define MODEL_ORIGINS 5
#define MODEL_RECORDS 200000

struct model_record {
    uint64_t g;
    mono_us opened_at;
};

struct model_origin {
    uint64_t epoch;
    uint64_t head;
    uint64_t applied; /* where model_applied() goes on from */
    bool window;
    bool covered[MODEL_SEQS];
    uint32_t record[MODEL_SEQS]; /* which record a sequence belongs to */
};

struct model {
    uint64_t l;
    uint32_t origins_n; /* slot 0 is our own */
    uint32_t windows_free;
    uint32_t records_n;
    struct model_record records[MODEL_RECORDS];
    struct model_origin origins[MODEL_ORIGINS];
};

void model_init(struct model *m, uint64_t epoch, uint32_t windows);
struct model_origin *model_find(struct model *m, uint64_t epoch);
uint64_t model_applied(struct model_origin *o);
bool model_hear(struct model *m, mono_us now, uint64_t epoch, uint64_t head);
struct ledger_effect model_issue(struct model *m, mono_us now, struct dot *d);
struct ledger_effect model_take(struct model *m, mono_us now, const struct dot *d);
void model_cover(struct model *m, const struct dot *d);
uint64_t model_close(struct model *m, const struct dot_range *range, uint64_t *closed_n);
void model_adopt(struct model *m, uint64_t epoch, uint64_t applied);

/** The records of one origin in ascending order, at most LEDGER_GAPS + 1; returns how many. */
size_t model_gaps(const struct model *m, struct model_origin *o, struct gap *out);
