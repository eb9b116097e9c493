#include "wire/peer_check.h"

#include <assert.h>

#include "wire/dots.h"

#define SUM_LEN    32 /* bytes of one entry of SUMS */
#define SAMPLE_LEN 16 /* and of SAMPLE */

bool peer_check_has(uint8_t type)
{
    return type >= PEER_POLL && type <= PEER_SURVEYED;
}

/** Does it name an origin, and at least one sequence behind lo? */
static bool sum_is_sound(const struct peer_sum *sum)
{
    return sum->epoch != 0 && sum->lo < sum->hi;
}

/** Does it name an origin behind `after`, and is what is covered heard of? */
static bool heard_is_sound(const struct peer_heard *heard, uint64_t after)
{
    return heard->epoch > after && heard->covered <= heard->heard;
}

/* ---- encoding ---- */

static void pack_poll(struct packer *p, const struct peer_poll *poll)
{
    pack_array(p, poll->narrow ? 3 : 2);
    pack_bin64(p, poll->challenge);
    pack_u64(p, poll->window_ms);
    if (poll->narrow)
        pack_bool(p, true);
}

static void pack_proof(struct packer *p, const struct peer_proof *proof)
{
    assert(proof->vote <= VOTE_ANEW && proof->covers.len % COVER_LEN == 0);
    assert(proof->part <= proof->last_part && proof->last_part < PEER_PARTS_MAX);
    pack_array(p, proof->last_part > 0 ? 8 : 6);
    pack_bin64(p, proof->challenge);
    pack_u64(p, proof->vote);
    pack_u64(p, proof->window_ms);
    pack_bool(p, proof->partial);
    pack_u64(p, proof->rest_hash);
    pack_bin(p, proof->covers);
    if (proof->last_part == 0)
        return;
    pack_u64(p, proof->part);
    pack_u64(p, proof->last_part);
}

static void pack_sums(struct packer *p, const struct peer_sums *sums)
{
    assert(sums->n <= PEER_SUMS_MAX);
    uint8_t buf[PEER_SUMS_MAX * SUM_LEN];
    struct writer w = writer_of(buf, sizeof buf);
    for (size_t i = 0; i < sums->n; i++) {
        assert(sum_is_sound(&sums->at[i]));
        write_u64(&w, sums->at[i].epoch);
        write_u64(&w, sums->at[i].lo);
        write_u64(&w, sums->at[i].hi);
        write_u64(&w, sums->at[i].sum);
    }
    pack_bin(p, writer_slice(&w));
}

static void pack_samples(struct packer *p, const struct peer_samples *samples)
{
    assert(samples->n <= PEER_SAMPLES_MAX);
    uint8_t buf[PEER_SAMPLES_MAX * SAMPLE_LEN];
    struct writer w = writer_of(buf, sizeof buf);
    for (size_t i = 0; i < samples->n; i++) {
        write_u64(&w, samples->at[i].key_hash);
        write_u64(&w, samples->at[i].value_hash);
    }
    pack_bin(p, writer_slice(&w));
}

static void pack_trace(struct packer *p, const struct peer_trace *trace)
{
    assert(trace->epoch != 0 && trace->seq != 0);
    pack_array(p, 3);
    pack_bin64(p, trace->challenge);
    pack_u64(p, trace->epoch);
    pack_u64(p, trace->seq);
}

static void pack_traced(struct packer *p, const struct peer_traced *traced)
{
    assert(traced->state <= TRACE_BARRED);
    pack_array(p, 4);
    pack_bin64(p, traced->challenge);
    pack_u64(p, traced->state);
    pack_u64(p, traced->wait_us);
    pack_u64(p, traced->age_us);
}

static void pack_survey(struct packer *p, const struct peer_survey *survey)
{
    assert(survey->most >= 1 && survey->most <= PEER_HEARD_MAX);
    pack_array(p, 3);
    pack_bin64(p, survey->challenge);
    pack_u64(p, survey->after);
    pack_u64(p, survey->most);
}

static void pack_surveyed(struct packer *p, const struct peer_surveyed *surveyed)
{
    uint8_t buf[PEER_HEARD_MAX * PEER_HEARD_LEN];
    struct writer w = writer_of(buf, sizeof buf);
    uint64_t after = surveyed->after;
    assert(surveyed->n <= PEER_HEARD_MAX);
    for (size_t i = 0; i < surveyed->n; i++) {
        const struct peer_heard *heard = &surveyed->at[i];
        assert(heard_is_sound(heard, after));
        after = heard->epoch;
        write_u64(&w, heard->epoch);
        write_u64(&w, heard->heard);
        write_u64(&w, heard->covered);
    }
    pack_array(p, 4);
    pack_bin64(p, surveyed->challenge);
    pack_u64(p, surveyed->after);
    pack_u64(p, surveyed->left);
    pack_bin(p, writer_slice(&w));
}

void peer_check_pack(struct packer *p, const struct peer_msg *m)
{
    assert(peer_check_has(m->type));
    if (m->type == PEER_POLL)
        pack_poll(p, &m->args.poll);
    else if (m->type == PEER_PROOF)
        pack_proof(p, &m->args.proof);
    else if (m->type == PEER_SUMS)
        pack_sums(p, &m->args.sums);
    else if (m->type == PEER_SAMPLE)
        pack_samples(p, &m->args.samples);
    else if (m->type == PEER_TRACE)
        pack_trace(p, &m->args.trace);
    else if (m->type == PEER_TRACED)
        pack_traced(p, &m->args.traced);
    else if (m->type == PEER_SURVEY)
        pack_survey(p, &m->args.survey);
    else
        pack_surveyed(p, &m->args.surveyed);
}

/* ---- decoding ---- */

static void read_poll(struct object_reader *r, struct peer_poll *out)
{
    out->challenge = object_bin64(r);
    out->window_ms = object_u32(r);
    out->narrow = r->left > 0 && object_bool(r);
}

static void read_proof(struct object_reader *r, struct peer_proof *out)
{
    out->challenge = object_bin64(r);
    out->vote = (uint8_t)object_u64(r, VOTE_ANEW);
    out->window_ms = object_u32(r);
    out->partial = object_bool(r);
    out->rest_hash = object_u64(r, UINT64_MAX);
    out->covers = peer_read_covers(r, false);
    out->part = out->last_part = 0;
    if (r->left == 0)
        return;
    out->part = (uint8_t)object_u64(r, PEER_PARTS_MAX - 1);
    out->last_part = (uint8_t)object_u64(r, PEER_PARTS_MAX - 1);
    if (out->part > out->last_part)
        object_fail(r, ERR_MALFORMED);
}

static void read_trace(struct object_reader *r, struct peer_trace *out)
{
    out->challenge = object_bin64(r);
    out->epoch = object_u64(r, UINT64_MAX);
    out->seq = object_u64(r, UINT64_MAX);
    if (out->epoch == 0 || out->seq == 0)
        object_fail(r, ERR_MALFORMED);
}

static void read_traced(struct object_reader *r, struct peer_traced *out)
{
    out->challenge = object_bin64(r);
    out->state = (uint8_t)object_u64(r, TRACE_BARRED);
    out->wait_us = object_u64(r, UINT64_MAX);
    out->age_us = object_u64(r, UINT64_MAX);
}

/** Read a bin of at most n_max entries (ERR_LIMIT) of len bytes each. Returns: a reader of them. */
static struct reader read_list(struct object_reader *r, size_t n_max, size_t len)
{
    const struct slice bin = object_bin(r, n_max * len);
    if (bin.len % len != 0)
        object_fail(r, ERR_MALFORMED);
    return reader_of(r->err == OK ? bin : (struct slice){0});
}

static void read_sums(struct object_reader *r, struct peer_sums *out)
{
    struct reader list = read_list(r, PEER_SUMS_MAX, SUM_LEN);
    for (; list.rest.len != 0; out->n++) {
        struct peer_sum *sum = &out->at[out->n];
        sum->epoch = read_u64(&list);
        sum->lo = read_u64(&list);
        sum->hi = read_u64(&list);
        sum->sum = read_u64(&list);
        if (!sum_is_sound(sum))
            object_fail(r, ERR_MALFORMED);
    }
}

static void read_samples(struct object_reader *r, struct peer_samples *out)
{
    struct reader list = read_list(r, PEER_SAMPLES_MAX, SAMPLE_LEN);
    for (; list.rest.len != 0; out->n++) {
        out->at[out->n].key_hash = read_u64(&list);
        out->at[out->n].value_hash = read_u64(&list);
    }
}

static void read_survey(struct object_reader *r, struct peer_survey *out)
{
    out->challenge = object_bin64(r);
    out->after = object_u64(r, UINT64_MAX);
    out->most = (uint8_t)object_u64(r, PEER_HEARD_MAX);
    if (out->most == 0)
        object_fail(r, ERR_MALFORMED);
}

static void read_surveyed(struct object_reader *r, struct peer_surveyed *out)
{
    out->challenge = object_bin64(r);
    out->after = object_u64(r, UINT64_MAX);
    out->left = object_u32(r);
    struct reader list = read_list(r, PEER_HEARD_MAX, PEER_HEARD_LEN);
    uint64_t after = out->after;
    for (; list.rest.len != 0; out->n++) {
        struct peer_heard *heard = &out->at[out->n];
        heard->epoch = read_u64(&list);
        heard->heard = read_u64(&list);
        heard->covered = read_u64(&list);
        if (!heard_is_sound(heard, after))
            object_fail(r, ERR_MALFORMED);
        after = heard->epoch;
    }
    if (out->n == 0 && out->left > 0)
        object_fail(r, ERR_MALFORMED);
}

/** Read an array of arguments, whose elements behind the known ones are of a later version. */
static void read_fields(struct object_reader *r, struct peer_msg *out)
{
    struct object_reader fields = object_array(r, UINT32_MAX);
    if (out->type == PEER_POLL)
        read_poll(&fields, &out->args.poll);
    else if (out->type == PEER_PROOF)
        read_proof(&fields, &out->args.proof);
    else if (out->type == PEER_TRACE)
        read_trace(&fields, &out->args.trace);
    else if (out->type == PEER_TRACED)
        read_traced(&fields, &out->args.traced);
    else if (out->type == PEER_SURVEY)
        read_survey(&fields, &out->args.survey);
    else
        read_surveyed(&fields, &out->args.surveyed);
    object_join(r, &fields);
}

void peer_check_read(struct object_reader *r, struct peer_msg *out)
{
    assert(peer_check_has(out->type));
    if (out->type == PEER_SUMS)
        read_sums(r, &out->args.sums);
    else if (out->type == PEER_SAMPLE)
        read_samples(r, &out->args.samples);
    else
        read_fields(r, out);
}
