#include "trace.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "seal/packet.h"
#include "wire/peer.h"

#define MIX_A 0x9E3779B97F4A7C15ULL
#define MIX_B 0xD6E8FEB86659FD93ULL

void trace_number(struct trace *t, uint64_t value)
{
    uint64_t x = (t->fingerprint ^ value) * MIX_A;
    x ^= x >> 32;
    t->fingerprint = x * MIX_B;
}

/* Eight bytes, little-endian; written out, compilers know it for one load. */
static uint64_t load(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

void trace_bytes(struct trace *t, struct slice bytes)
{
    uint8_t rest[8] = {0};
    size_t i = 0;
    for (; i + 8 <= bytes.len; i += 8)
        trace_number(t, load(bytes.at + i));
    for (size_t j = 0; j < bytes.len % sizeof rest; j++)
        rest[j] = bytes.at[i + j];
    trace_number(t, load(rest) ^ (uint64_t)bytes.len << 56);
}

void trace_packet(struct trace *t, struct slice bytes)
{
    assert(bytes.len >= PACKET_OVERHEAD);
    const size_t tag = PACKET_OVERHEAD - PACKET_HEAD;
    trace_bytes(t, slice_of(bytes.at, PACKET_HEAD));
    trace_bytes(t, slice_of(bytes.at + bytes.len - tag, tag));
    trace_number(t, bytes.len);
}

void trace_line(struct trace *t, const struct trace_line *line)
{
    t->kept[t->n++ % TRACE_KEPT] = *line;
    trace_number(t, line->at ^ (uint64_t)line->kind << 58 ^ (uint64_t)line->node << 48);
}

static const char *type_text(uint8_t type)
{
    static const char *const TEXTS[] = {
        [PEER_PING] = "PING",   [PEER_ACK] = "ACK",       [PEER_PING_REQ] = "PING_REQ",
        [PEER_NACK] = "NACK",   [PEER_NOT_ME] = "NOT_ME", [PEER_GOSSIP] = "GOSSIP",
        [PEER_PULL] = "PULL",   [PEER_GONE] = "GONE",     [PEER_HEADS] = "HEADS",
        [PEER_LEAVE] = "LEAVE", [PEER_DOTS] = "DOTS"};
    return type < ARRAY_LEN(TEXTS) && TEXTS[type] != NULL ? TEXTS[type] : "";
}

void trace_print(const struct trace *t, FILE *out)
{
    const uint64_t first = t->n > TRACE_KEPT ? t->n - TRACE_KEPT : 0;
    for (uint64_t i = first; i < t->n; i++) {
        const struct trace_line *l = &t->kept[i % TRACE_KEPT];
        fprintf(out, "  %10llu.%06llu s  #%llu  n%u  %s", (unsigned long long)(l->at / US_PER_SEC),
                (unsigned long long)(l->at % US_PER_SEC), (unsigned long long)l->event_n, l->node,
                l->tick ? "tick" : event_text(l->kind));
        if (!l->tick && l->kind == EVENT_DATAGRAM)
            fprintf(out, " from n%llu, %llu B %s", (unsigned long long)l->a,
                    (unsigned long long)l->b, type_text(l->type));
        else if (!l->tick)
            fprintf(out, " %llu %llu", (unsigned long long)l->a, (unsigned long long)l->b);
        fputc('\n', out);
    }
}
