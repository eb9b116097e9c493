/**
 * loop/tcp.h - streams to and from other nodes: `u32 big-endian length | frame`, both ways.
 *
 * Frames are bytes: what is in them is the node's business. Streams that we open carry the number that
 * the node chose, those that peers open NODE_INBOUND | a counter. Every end is told exactly once
 * (TCP_DOWN), unless the node hung up. Every limit closes the stream that broke it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/slice.h"

#define TCP_STREAMS_MAX 64          /* open, half-open and flushing, both directions */
#define TCP_OUT_MAX     (64U << 20) /* bytes waiting to be sent on one stream */
#define TCP_CONNECT_MS  2000
#define TCP_PROGRESS_MS 30000 /* without a byte in or out: closed */

struct ev_loop;

/** Who is told; all on the loop's thread. Only `down` may come out of a call of tcp_*(). */
struct tcp_events {
    void *ctx;
    void (*up)(void *ctx, uint32_t conn, const struct addr *peer);
    void (*frame)(void *ctx, uint32_t conn, struct slice bytes); /* lent for the call */
    void (*down)(void *ctx, uint32_t conn);
    void (*batch_end)(void *ctx); /* after any of the above that came from the network */
};

struct tcp_counters {
    uint64_t accepted, connected, failed, refused;
    uint64_t frames_in, frames_out, bad_frames, overflows;
};

struct tcp;

/** Serve a listening, non-blocking socket, which is taken (also on errors). NULL = no memory. */
struct tcp *tcp_new(struct ev_loop *ev, int listen_fd, const struct tcp_events *events);

/** Close everything without telling. NULL is allowed. */
void tcp_free(struct tcp *t);

/** Open a stream to `to`, to be called conn. When that cannot even begin, `down` is called. */
void tcp_connect(struct tcp *t, uint32_t conn, const struct addr *to);

/** Send bytes as one frame on conn; unknown conns: nothing. Copies. */
void tcp_send(struct tcp *t, uint32_t conn, struct slice bytes);

/** Send what waits, then close conn. The node hears nothing more of it. */
void tcp_hangup(struct tcp *t, uint32_t conn);

/** Counters since start. */
struct tcp_counters tcp_counters(const struct tcp *t);
