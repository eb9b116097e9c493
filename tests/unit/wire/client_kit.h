/** client_kit.h - what the tests of the client protocol share: a decoder and hand-made requests. */
#pragma once

#include "wire/client.h"
#include "wire/pack.h"

#define KIT_VALUE_MAX 4096

/** A decoder over memory of its own, one per test process, for values up to KIT_VALUE_MAX. */
struct client_codec *kit_codec(void);

/** The bytes of a golden frame without its length; file "client_request" or "client_reply". Each call
 *  overwrites what the last one gave. */
struct slice kit_vector(const char *file, const char *field);

/** The same with its length. */
struct slice kit_vector_whole(const char *file, const char *field);

/** A request under construction: `[0, 7, op, [` and n arguments to be packed into p. */
struct kit_request {
    struct writer w;
    struct packer p;
};

/** Begin a request with id 7. Its bytes live in one static buffer. */
void kit_begin(struct kit_request *r, const char *op, size_t args_n);

/** Pack a bin of len bytes 'x'. */
void kit_fill(struct kit_request *r, size_t len);

/** Decode the request as it stands and expect this refusal: name and text, id 7, connection kept. */
void kit_expect_refused(struct kit_request *r, const char *name, const char *text);

/** Decode the request as it stands and expect it to pass. */
struct client_request kit_expect_taken(struct kit_request *r);
