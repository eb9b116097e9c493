/** swim/counters.h - what swim counts, as plain values since start. It counts and decides nothing. */
#pragma once

#include <stdint.h>

/** Counters since start. */
struct swim_counters {
    uint64_t probes_direct, probes_relay, probes_tcp, probes_failed; /* by how they were answered */
    uint64_t suspicions, suspicions_refuted, suspicions_died;
    uint64_t refutations; /* of claims about us */
    uint64_t records_in, records_out, records_refused;
    uint64_t not_me, conflicts, reconnects, seeds_contacted;
    uint64_t stalls, isolations;
    uint64_t unproven_ignored;
    uint64_t members_full, tombstones_dropped;
    uint64_t generation_refused; /* generations and versions too far ahead to be believed */
    uint64_t sends_dropped, events_dropped; /* the owner did not poll */
};
