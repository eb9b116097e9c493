/**
 * node/parts.h - an answer that comes in several datagrams, in any order, put together again.
 *
 * Holds the parts of one answer at a time: those of another one take its place. What does not belong
 * together is dropped as a whole. Never says what an answer is worth, and never asks again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "node/proof.h"
#include "wire/dots.h"
#include "wire/peer.h"

/** One answer of which some parts have come. All zero is a good start. */
struct parts {
    uint64_t challenge;      /* 0 = none */
    mono_us sent_at;         /* when its question was */
    uint32_t got;            /* a bit for each part */
    struct peer_proof first; /* that came: all have its fields, but for part and covers */
    size_t len;
    uint8_t covers[PROOF_COVERS_MAX * COVER_LEN];
};

/** Is it another part of the answer of which some have come? */
bool parts_go_on(const struct parts *a, const struct peer_proof *proof);

enum parts_verdict {
    PARTS_WHOLE,    /* proof->covers are all of them now, lent from a until the next call */
    PARTS_MISSING,  /* others have yet to come */
    PARTS_MALFORMED /* it fits none that came before: all are dropped */
};

/** Add a part of the answer to a question that was sent at sent_at. */
enum parts_verdict parts_add(struct parts *a, mono_us sent_at, struct peer_proof *proof);
