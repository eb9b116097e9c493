#include "checklist.h"

#include "base/attr.h"

static const struct {
    const char *name;
    const char *where;
    const char *text;
} LIST[CHECKS] = {
    [CHECK_CLAIM] = {"claim", "stories_*.c", "a story's claim holds"},
    [CHECK_ASSERT] = {"assert", "src", "no assertion of the core fails"},
    [CHECK_SAME] = {"same", "main.c", "the same seed gives the same fingerprint"},
    [CHECK_I1] = {"I1", "oracle.c",
                  "an entry passes for no newer than the token with which it was stored"},
    [CHECK_I2] = {"I2'", "oracle.c",
                  "no hit, and no fill that is stored, is older than a dot that its node has "
                  "covered, by key, tag, prefix, namespace or all (S8)"},
    [CHECK_VALUE] = {"value", "oracle.c", "a hit is what was stored under that key, and its flags"},
    [CHECK_LIFE] = {"life", "lives.c",
                    "nothing is given past its time, as it was stored or touched last; a touch "
                    "changes nothing but that time, and brings nothing back"},
    [CHECK_NEEDLESS] = {"needless", "lives.c",
                        "a copy at which no dot aimed since it was stored is still given, where "
                        "its node raised no barrier and evicted nothing"},
    [CHECK_HITS] =
        {"hits", "calm.c",
         "while faults last for a tenth of the time at most there are nine tenths of the "
         "hits that the same life without faults has"},
    [CHECK_NOSTORE] = {"nostore", "lives.c",
                       "while a key counts as one that changes all the time nothing is stored "
                       "under it"},
    [CHECK_I3] = {"I3", "stories_*.c",
                  "an entry whose token is newer than the discovery of a gap outlives its closing"},
    [CHECK_I4] = {"I4'", "oracle.c",
                  "no fill is stored whose token is older than a dot of its key that took effect "
                  "here, remembered or not (property 2)"},
    [CHECK_I5] = {"I5", "oracle.c", "covered never exceeds heard, heard never issued (property 5)"},
    [CHECK_I6] = {"I6", "oracle.c",
                  "a dot that is applied is the one that was issued: kind, target, digest; no "
                  "origin and no sequence is known that never was"},
    [CHECK_I7] = {"I7", "oracle.c",
                  "of no origin what is covered or heard goes back, nor does the index (S9)"},
    [CHECK_I8] = {"I8", "link.c", "the second copy of a datagram changes nothing"},
    [CHECK_I9] = {"I9", "seed.c",
                  "no gap stays open for longer than T_gap, two seconds, and half of one"},
    [CHECK_I9_ALL] =
        {"I9'", "oracle.c",
         "when all is quiet what any node of the core has covered is covered or barred "
         "at every other, the end of origins included: nobody's copy is older"},
    [CHECK_I10] = {"I10", "checks.c", "tables and memory keep their limits (S13)"},
    [CHECK_I11] = {"I11", "promise.c",
                   "what a majority held before a node's horizon is covered there, or barred"},
    [CHECK_S1] = {"S1", "checks.c",
                  "nobody holds a member at a generation and version that it never took"},
    [CHECK_S2] = {"S2", "checks.c", "nobody goes back to an older incarnation of a member"},
    [CHECK_S3] = {"S3", "checks.c", "a running node holds itself alive"},
    [CHECK_S4] = {"S4", "link.c",
                  "no process believes the same packet twice, however late it is sent again"},
    [CHECK_S5] = {"S5", "checks.c", "no process seals two packets under one counter"},
    [CHECK_S6] = {"S6", "link.c", "a damaged or misdirected packet changes nothing but counters"},
    [CHECK_S7] = {"S7", "checks.c", "no member, origin or dot crosses to another cluster"},
    [CHECK_S10] = {"S10", "oracle.c",
                   "of concurrent writes the same one wins everywhere: when all is quiet, proven "
                   "copies of a key are the same"},
    [CHECK_S11] = {"S11", "checks.c",
                   "nobody raises the dead without a newer incarnation; of two processes at one "
                   "incarnation the one with the larger epoch is believed, and then for good"},
    [CHECK_GRACE] = {"grace", "checks.c",
                     "nobody is held DEAD before somebody has suspected it for four periods, the "
                     "shortest time to object"},
    [CHECK_S12] = {"S12", "workload.c",
                   "when an invalidation is answered, its node has covered it"},
    [CHECK_S14] = {"S14", "checks.c",
                   "an address that has proven nothing is answered at most what it sent"},
    [CHECK_S15] =
        {"S15", "world.c",
         "the outputs of one event are bounded: 64, one for each member, applied dots and frames"},
    [CHECK_S16] = {"S16", "checks.c", "a deadline does not stay in the past"},
    [CHECK_S17] = {"S17", "quiet.c",
                   "in 2N - 1 periods without faults each node probes every live member"},
    [CHECK_S18] =
        {"S18", "checks.c",
         "every packet is sealed with the first key of the ring, or plain where the mode says so"},
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
    [CHECK_L6] =
        {"L6", "quiet.c",
         "a key that is rotated seals everything in the end, alone, and while the old ones "
         "go no packet is refused"},
    [CHECK_L7] = {"L7", "quiet.c",
                  "when all is quiet no reply, announced write or quarantine is left over"},
    [CHECK_AFTER] = {"after", "reader.c",
                     "no get with a stamp gives a value older than what the stamp names, on any "
                     "node, in a partition too"},
    [CHECK_STRICT] = {"strict", "reader.c",
                      "a read with a bound gives a value when, and only when, the horizon proves "
                      "it: nothing unproven, and UNPROVEN is no lie"},
    [CHECK_FENCED] = {"fenced", "promise.c",
                      "after a fence returned no certified read anywhere gives the old value; it "
                      "returns early only when everybody has covered"},
    [CHECK_QUORUM] = {"quorum", "promise.c",
                      "when quorum or fenced was reached, a majority of voters holds the dot, but "
                      "for those that restarted since"},
    [CHECK_LEVEL] = {"level", "promise.c",
                     "who is told to have covered has; as many as were asked for; all were asked"},
    [CHECK_VERSION] = {"version", "issue.c", "no copy takes the place of one with a newer version"},
    [CHECK_INTENT] = {"intent", "announce.c",
                      "while a write is announced nothing is stored under its key; when its time "
                      "is over it counts as done"},
    [CHECK_LEASE] = {"lease", "reader.c",
                     "of a key and node one caller at a time is told to load; who is turned away "
                     "is so because of one"},
};

/* What is one with another check. */
static const struct {
    const char *name;
    enum check is;
    const char *text;
} SAME_AS[] = {
    {"I2", CHECK_I2, "no stale hit; by key alone in its first form"},
    {"I4", CHECK_I4, "no fill past a dot; of those remembered alone in its first form"},
    {"S8", CHECK_I2, "no get gives what an invalidation applied here has ended"},
    {"S9", CHECK_I7, "what a node knows of origins never goes back while it lives"},
    {"S13", CHECK_I10, "tables, queues and buffers keep their limits"},
};

const char *check_name(enum check check)
{
    return LIST[check].name;
}

void checked_add(struct checked *sum, const struct checked *more)
{
    for (unsigned i = 0; i < CHECKS; i++)
        sum->times[i] += more->times[i];
}

void checked_print(const struct checked *checked, FILE *out)
{
    for (unsigned i = 0; i < CHECKS; i++)
        fprintf(out, "check %12llu  %s\n", (unsigned long long)checked->times[i], LIST[i].name);
}

void checklist_print(FILE *out)
{
    for (unsigned i = 0; i < CHECKS; i++)
        fprintf(out, "%-9s %-12s %s\n", LIST[i].name, LIST[i].where, LIST[i].text);
    for (unsigned i = 0; i < ARRAY_LEN(SAME_AS); i++)
        fprintf(out, "%-9s %-12s one with %s: %s\n", SAME_AS[i].name, LIST[SAME_AS[i].is].where,
                LIST[SAME_AS[i].is].name, SAME_AS[i].text);
}
