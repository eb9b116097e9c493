#include "checklist.h"

static const struct {
    const char *name;
    const char *where;
    const char *text;
} LIST[CHECKS] = {
    [CHECK_CLAIM] = {"claim", "stories_*.c", "a story's claim holds"},
    [CHECK_ASSERT] = {"assert", "src", "no assertion of the core fails"},
    [CHECK_SAME] = {"same", "main.c", "the same seed gives the same fingerprint"},
    [CHECK_I2] = {"I2'", "oracle.c",
                  "no hit, and no fill that is stored, is older than a dot that its node has "
                  "covered, by key, tag, prefix, namespace or all (S8)"},
    [CHECK_VALUE] = {"value", "oracle.c", "a hit is what was stored under that key, and its flags"},
    [CHECK_I6] = {"I6", "oracle.c",
                  "a dot that is applied is the one that was issued: kind, target, digest; no "
                  "origin and no sequence is known that never was"},
    [CHECK_I7] = {"I7", "oracle.c",
                  "covered never exceeds heard, heard never issued; neither they nor the index go "
                  "back (S9)"},
    [CHECK_I8] = {"I8", "link.c", "the second copy of a datagram changes nothing"},
    [CHECK_I9] = {"I9", "seed.c", "no gap stays open for longer than T_gap"},
    [CHECK_I10] = {"I10", "checks.c", "tables and memory keep their limits (S13)"},
    [CHECK_S1] = {"S1", "checks.c",
                  "nobody holds a member at a generation and version that it never took"},
    [CHECK_S2] = {"S2", "checks.c", "nobody goes back to an older incarnation of a member"},
    [CHECK_S3] = {"S3", "checks.c", "a running node holds itself alive"},
    [CHECK_S4] = {"S4", "link.c",
                  "no process believes the same packet twice, however late it is sent again"},
    [CHECK_S5] = {"S5", "checks.c", "no process seals two packets under one counter"},
    [CHECK_S6] = {"S6", "link.c", "a damaged or misdirected packet changes nothing but counters"},
    [CHECK_S7] = {"S7", "checks.c", "no member, origin or dot crosses to another cluster"},
    [CHECK_S11] = {"S11", "checks.c", "nobody raises the dead without a newer incarnation"},
    [CHECK_S12] = {"S12", "workload.c",
                   "when an invalidation is answered, its node has covered it"},
    [CHECK_S14] = {"S14", "checks.c",
                   "an address that has proven nothing is answered at most what it sent"},
    [CHECK_S15] = {"S15", "world.c", "the outputs of one event are bounded"},
    [CHECK_S16] = {"S16", "checks.c", "a deadline does not stay in the past"},
    [CHECK_S17] = {"S17", "quiet.c",
                   "in 2N - 1 periods without faults each node probes every live member"},
    [CHECK_S19] = {"S19", "workload.c", "each command has exactly one reply"},
    [CHECK_S20] = {"S20", "checks.c",
                   "every datagram sent can be read, and encodes to the same bytes again"},
    [CHECK_RELAYS] = {"relays", "checks.c", "a probe asks at most three relays"},
    [CHECK_DATAGRAM] = {"datagram", "checks.c", "no datagram is longer than 1,200 bytes"},
    [CHECK_EVENTS] = {"events", "world.c", "nobody tells of a member that never was"},
    [CHECK_L1] = {"L1", "quiet.c",
                  "soon after healing all nodes of the healed core are ready, not isolated, and "
                  "agree on its members"},
    [CHECK_L2] = {"L2", "quiet.c",
                  "in the core nobody fails a live member after that, and who is gone is failed"},
    [CHECK_L3] = {"L3", "quiet.c", "and their vectors are equal, without gaps"},
    [CHECK_L4] = {"L4", "quiet.c", "and they fall quiet: datagrams a second and node are bounded"},
    [CHECK_L5] = {"L5", "streams.c", "no stream stays open on which nothing was said for long"},
};

const char *check_name(enum check check)
{
    return LIST[check].name;
}

void checklist_print(FILE *out)
{
    for (unsigned i = 0; i < CHECKS; i++)
        fprintf(out, "%-9s %-12s %s\n", LIST[i].name, LIST[i].where, LIST[i].text);
}
