/** tests/unit/node/forge.h - a member of the cluster that says on streams whatever a test wants. */
#pragma once

#include "seal/packet.h"
#include "wire/stream.h"

#include "rig.h"

#define FORGE_CONN (NODE_INBOUND | 77)

/** One end of a stream that the forger opened to a rig. */
struct forge {
    struct rig *to;
    struct packet_ctx ctx;
    struct slice name;
    uint64_t counter;
    uint64_t challenge; /* of the rig's HELLO; 0 until it came */
    uint64_t echo;      /* of the rig's AUTH */
    uint32_t key_id;    /* of the last frame of the rig; 0 = it came plain */
    struct session_pair pair;
    struct session session; /* on from the rig's HELLO on, where both seal */
    struct stream_codec *codec;
    bool hung_up;
    uint32_t heard_n[STREAM_ENTRIES + 1]; /* frames of the rig, by type */
    uint64_t seqs[64];                    /* of the dots that it sent */
    size_t seqs_n;
    uint64_t cursor; /* of the last ENTRIES, and how many there were in all */
    size_t entries_n;
    struct dot_range gone[8];
    size_t gone_n;
    uint8_t memory[262144];
    uint8_t opened[STREAM_FRAME_MAX];
    uint8_t bytes[STREAM_FRAME_MAX];
};

#define FORGE_CHALLENGE UINT64_C(0x1122334455667788)

/** Make a forger called name with the rig's key, and connect it. Free with forge_free(). */
struct forge *forge_new(struct rig *to, const char *name);

/** Free it; the rig keeps its end. */
void forge_free(struct forge *f);

/** Open a second connection to the same rig under the same id, after the first was closed. */
void forge_connect(struct forge *f);

/** A HELLO as it should be. */
struct stream_msg forge_hello(const struct forge *f, uint8_t purpose);

/** Seal a message with the next counter. Lends the bytes until the next one. */
struct slice forge_seal(struct forge *f, const struct stream_msg *m);

/** Seal any body. Lends as above. */
struct slice forge_seal_body(struct forge *f, struct slice body);

/** Give one frame to the rig, and take what it says to it. */
void forge_give(struct forge *f, struct slice frame);

/** Seal and give. */
void forge_say(struct forge *f, const struct stream_msg *m);

/** HELLO and AUTH both ways. */
void forge_auth(struct forge *f, uint8_t purpose);
