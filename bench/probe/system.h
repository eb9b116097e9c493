/**
 * bench/probe/system.h - what the measuring loop needs to know of a system.
 *
 * A system has one publisher and some subscribers. The loop publishes numbered messages at a fixed
 * rate and asks, for each, when the last subscriber has seen it. All times are of one clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENDPOINTS_MAX 64
#define INPUT_MAX     262144

/** One connection; in holds bytes that are not consumed yet. */
struct conn {
    int fd;
    uint8_t *in;
    size_t in_len;
};

/** Called for each message number that a subscriber saw. */
typedef void seen_fn(void *ctx, uint64_t number);

struct system {
    const char *name;
    /** Put the publisher's greeting into its socket, and wait for what it has to wait for. */
    bool (*greet)(struct conn *c);
    /** Make c a subscriber; returns when the system has agreed. */
    bool (*subscribe)(struct conn *c);
    /** Send message `number`. */
    bool (*publish)(struct conn *c, uint64_t number);
    /** Consume whole messages of c->in, calling seen for each number. false: not understood. */
    bool (*consume)(struct conn *c, seen_fn *seen, void *ctx);
};

extern const struct system SYSTEM_SCRUBJAY;
extern const struct system SYSTEM_REDIS;
extern const struct system SYSTEM_SERF;

/** Send all of it, blocking. */
bool conn_send(struct conn *c, const void *bytes, size_t len);

/** Read what is there into c->in, waiting at most wait_ms. false: closed, or nothing came. */
bool conn_read(struct conn *c, int wait_ms);

/** Forget the first n bytes of c->in. */
void conn_drop(struct conn *c, size_t n);

/** The number behind "lat:" in a text; false when it is none of ours. */
bool number_of(const void *text, size_t len, uint64_t *number);
