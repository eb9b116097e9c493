/* What we encode is our own making: a message that breaks the contract ends the process. */
#include <criterion/criterion.h>
#include <signal.h>

#include "wire/peer.h"

#include "peer_gen.h"

#define GEN_TOP (UINT64_C(1) << 62)

/** Encode a sound message that was spoilt afterwards. */
static void encode_with(void (*spoil)(struct peer_msg *))
{
    static struct peer_gen gen;
    static struct peer_msg msg;
    static uint8_t buf[4096];
    size_t len = 0;
    peer_gen_init(&gen);
    peer_gen_msg(&gen, PEER_GOSSIP, 1, &msg);
    spoil(&msg);
    (void)!peer_encode(&msg, buf, sizeof buf, &len);
}

static void spoil_type(struct peer_msg *m)
{
    m->type = PEER_KINDS + 1;
}

static void spoil_records(struct peer_msg *m)
{
    m->records_n = PEER_RECORDS_MAX + 1;
}

static void spoil_name(struct peer_msg *m)
{
    m->records[0].name.len = 0;
}

static void spoil_state(struct peer_msg *m)
{
    m->records[0].state = 0;
}

static void spoil_gen(struct peer_msg *m)
{
    m->gen = GEN_TOP + 1;
}

Test(peer_mistakes, an_unknown_type_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_type);
}

Test(peer_mistakes, too_many_records_of_our_own_are_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_records);
}

Test(peer_mistakes, a_nameless_record_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_name);
}

Test(peer_mistakes, a_stateless_record_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_state);
}

static void spoil_counts(struct peer_msg *m)
{
    m->retired_n = 1;
    m->forgotten_n = 2;
}

static void spoil_vote(struct peer_msg *m)
{
    m->type = PEER_PROOF;
    m->args.proof = (struct peer_proof){.vote = VOTE_ANEW + 1};
}

static void spoil_sums(struct peer_msg *m)
{
    m->type = PEER_SUMS;
    m->args.sums = (struct peer_sums){.n = PEER_SUMS_MAX + 1};
}

static void spoil_samples(struct peer_msg *m)
{
    m->type = PEER_SAMPLE;
    m->args.samples = (struct peer_samples){.n = PEER_SAMPLES_MAX + 1};
}

static void spoil_retired(struct peer_msg *m)
{
    m->type = PEER_HEADS;
    m->args.heads = (struct peer_heads){.retired = slice_text("x")};
}

Test(peer_mistakes, more_forgotten_than_retired_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_counts);
}

Test(peer_mistakes, an_unknown_vote_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_vote);
}

Test(peer_mistakes, too_many_sums_of_our_own_are_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_sums);
}

Test(peer_mistakes, too_many_samples_of_our_own_are_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_samples);
}

Test(peer_mistakes, half_a_retired_origin_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_retired);
}

Test(peer_mistakes, a_generation_beyond_belief_of_our_own_is_a_mistake, .signal = SIGABRT)
{
    encode_with(spoil_gen);
}
