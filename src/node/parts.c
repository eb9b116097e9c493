#include "node/parts.h"

#include <string.h>

bool parts_go_on(const struct parts *a, const struct peer_proof *proof)
{
    return proof->last_part > 0 && proof->challenge != 0 && a->challenge == proof->challenge;
}

static bool fits(const struct parts *a, const struct peer_proof *proof)
{
    const struct peer_proof *first = &a->first;
    return (a->got & 1U << proof->part) == 0 && proof->covers.len <= sizeof a->covers - a->len &&
           first->last_part == proof->last_part && first->vote == proof->vote &&
           first->window_ms == proof->window_ms && first->partial == proof->partial &&
           first->rest_hash == proof->rest_hash;
}

enum parts_verdict parts_add(struct parts *a, mono_us sent_at, struct peer_proof *proof)
{
    if (!parts_go_on(a, proof))
        *a = (struct parts){.challenge = proof->challenge, .sent_at = sent_at, .first = *proof};
    if (!fits(a, proof)) {
        a->challenge = 0;
        return PARTS_MALFORMED;
    }
    if (proof->covers.len > 0)
        memcpy(a->covers + a->len, proof->covers.at, proof->covers.len);
    a->len += proof->covers.len;
    a->got |= 1U << proof->part;
    if (a->got != (2U << proof->last_part) - 1)
        return PARTS_MISSING;
    proof->covers = slice_of(a->covers, a->len);
    a->challenge = 0;
    return PARTS_WHOLE;
}
