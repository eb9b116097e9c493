/**
 * trace.h - what happened: a running hash over all of it, and the last events in words.
 *
 * The hash is the seed's fingerprint: equal on every machine and compiler, or something in the core
 * depends on what it must not. Nothing here is random or secret.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"
#include "base/time.h"

#include "queue.h"

#define TRACE_KEPT 200

struct trace_line {
    mono_us at;
    uint64_t event_n;
    enum event_kind kind;
    bool tick;    /* the node's own deadline; kind means nothing */
    uint8_t type; /* of a plain datagram's message; 0 = not known */
    uint32_t node;
    uint64_t a, b;
};

struct trace {
    uint64_t fingerprint;
    uint64_t n; /* lines ever */
    struct trace_line kept[TRACE_KEPT];
};

/** Fold a number into the fingerprint. */
void trace_number(struct trace *t, uint64_t value);

/** Fold bytes, and how many they are, into the fingerprint. */
void trace_bytes(struct trace *t, struct slice bytes);

/** Fold a packet in by its head, its tag, which speaks for all of its bytes, and its length. */
void trace_packet(struct trace *t, struct slice bytes);

/** Keep a line, dropping the oldest beyond TRACE_KEPT; folds it in too. */
void trace_line(struct trace *t, const struct trace_line *line);

/** Print the lines kept, oldest first. */
void trace_print(const struct trace *t, FILE *out);
