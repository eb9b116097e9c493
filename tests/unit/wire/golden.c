#include "golden.h"

#include "vectors.h"

static const uint8_t one_dot[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, /* epoch */
                                  0,    0,    0,    0,    0,    0,    0,    42, /* first sequence */
                                  0,    1,                                      /* one record */
                                  10,   1,    0, /* length, key, no flags */
                                  0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8};    /* hash */
static const uint8_t two_retired[] = {0,    0,    0,    8,                            /* number */
                                      0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, /* epoch */
                                      0,    0,    0,    0,    0,    0,    0,    41,   /* last */
                                      0,    0,    0,    9,                            /* number */
                                      0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF, 0x00, /* epoch */
                                      0,    0,    0,    0,    0,    0,    1,    44};  /* last */
static const uint8_t one_cover[] = {0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,   /* epoch */
                                    0,    0,    0,    0,    0,    0,    0,    41,     /* applied */
                                    0,    0,    0,    0,    0,    0,    0,    1};     /* mask */

struct peer_record golden_record_a(void)
{
    return (struct peer_record){.name = slice_text("node-a"),
                                .gen = GOLDEN_GEN,
                                .ver = 3,
                                .state = PEER_ALIVE,
                                .addr = {.ip = {10, 0, 0, 1}, .ip_len = 4, .port = 6248},
                                .caps = 1,
                                .epoch = GOLDEN_EPOCH,
                                .meta_hash = 0x0BADCAFE,
                                .meta = slice_text("zone=1")};
}

struct peer_record golden_record_b(void)
{
    return (struct peer_record){
        .name = slice_text("node-b"),
        .gen = GOLDEN_GEN + 5,
        .ver = 7,
        .state = PEER_SUSPECT,
        .addr = {.ip = {0x20, 1, 0x0D, 0xB8, [15] = 1}, .ip_len = 16, .port = 6249},
        .epoch = GOLDEN_EPOCH_B,
        .accuser = slice_text("node-a")};
}

struct slice golden_dot(void)
{
    return slice_of(one_dot, sizeof one_dot);
}

struct slice golden_cover(void)
{
    return slice_of(one_cover, sizeof one_cover);
}

struct slice golden_retired(void)
{
    return slice_of(two_retired, sizeof two_retired);
}

struct slice golden_bytes(const char *name, uint8_t *buf, size_t cap)
{
    return slice_of(buf, vectors_load(name, "body", buf, cap));
}

struct slice golden_peer(uint8_t type, uint8_t *buf, size_t cap)
{
    static const char *const vector_names[] = {
        [PEER_PING] = "peer_ping",         [PEER_ACK] = "peer_ack",
        [PEER_PING_REQ] = "peer_ping_req", [PEER_NACK] = "peer_nack",
        [PEER_NOT_ME] = "peer_not_me",     [PEER_GOSSIP] = "peer_gossip",
        [PEER_PULL] = "peer_pull",         [PEER_GONE] = "peer_gone",
        [PEER_HEADS] = "peer_heads",       [PEER_LEAVE] = "peer_leave",
        [PEER_DOTS] = "peer_dots",         [PEER_POLL] = "peer_poll",
        [PEER_PROOF] = "peer_proof",       [PEER_SUMS] = "peer_sums",
        [PEER_SAMPLE] = "peer_sample",     [PEER_TRACE] = "peer_trace",
        [PEER_TRACED] = "peer_traced",     [PEER_SURVEY] = "peer_survey",
        [PEER_SURVEYED] = "peer_surveyed",
    };
    return golden_bytes(vector_names[type], buf, cap);
}
