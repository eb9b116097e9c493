/**
 * load/stencil.h - a request that was written once, and the places in it that change.
 *
 * The places are found by writing the request twice with one part changed, so that no protocol has to
 * tell them. Sending then costs a copy and a few patches, in any protocol.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "load/protocol.h"
#include "load/value.h"

#define STENCIL_ABSENT SIZE_MAX

struct stencil {
    uint8_t *bytes; /* NULL: not made yet */
    size_t len;
    size_t id_at, key_at, value_at, token_at; /* STENCIL_ABSENT: it has none */
    size_t token_len;
};

/** How long the parts are. */
struct stencil_shape {
    uint32_t key_len, value_len, token_len;
    uint32_t ttl_s;
};

/** The variable parts of one request that is to be sent. */
struct stencil_fill {
    uint16_t id;
    uint32_t key;
    const uint8_t *token; /* token_len bytes, where the stencil has one */
};

/** Make the stencil of a verb. Ends the program when memory does. */
void stencil_make(struct stencil *t, const struct protocol *p, enum verb verb,
                  const struct stencil_shape *shape);

/** Write one request of t->len bytes to `at`; values come from b. */
void stencil_write(const struct stencil *t, const struct stencil_fill *f,
                   const struct value_book *b, uint8_t *at);

/** Release the memory. */
void stencil_free(struct stencil *t);
