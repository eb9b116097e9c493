/**
 * client/inside.h - what the files of libscrubjay share; no application sees it.
 *
 * Order within a call: arguments are encoded into `out` before anything is read, because they may be
 * lent from `in` or from the queue of events. Never keeps a pointer that an application passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/attr.h"
#include "scrubjay/client.h"
#include "seal/login.h"
#include "wire/client.h"
#include "wire/client_answer.h"

#define PENDING_MAX 1024 /* pipelined answers not taken yet */
#define NAMES_MAX   (CLIENT_ACKED_MAX + CLIENT_TARGETS_MAX)

/** Bytes on their way in or out: at[start, end) are unread or unsent. Grows, never shrinks. */
struct buffer {
    uint8_t *at;
    size_t start;
    size_t end;
    size_t cap;
};

/** One pipelined request whose answer was not taken. */
struct pending {
    uint32_t id;
    uint32_t op;
    bool lost;      /* the connection broke before its answer came */
    uint8_t *saved; /* its answer, when it came before its turn; owned */
    size_t saved_len;
};

/** The queue of answers to take, oldest first. */
struct pipeline {
    struct pending *ring; /* PENDING_MAX; made at the first use */
    size_t first;
    size_t n;
    uint8_t *taken; /* the saved answer that is lent out; freed by the next call */
};

/** Events that came while something else was waited for. */
struct watch {
    struct buffer queue; /* u32 length | args of the push, repeated */
    bool overflowed;     /* events were dropped: everything may have changed */
    bool active;         /* a subscription stands on the present connection */
    bool lost;           /* a connection with a subscription broke, and nobody was told yet */
};

/** Where the node is, split once. */
struct address {
    char text[300]; /* for people: HOST:PORT */
    char host[256];
    char port[8];
};

struct scrubjay {
    struct address address;
    char name[CLIENT_NAME_MAX + 1];
    char reason[CLIENT_REASON_MAX + 1];
    char id[CLIENTS_ID_MAX + 1]; /* "" = without a login */
    uint8_t key[CLIENTS_KEY_LEN];
    bool key_unfit; /* what was given as id and key are none */
    bool plain;     /* what follows a login is not to be sealed */
    uint32_t timeout_ms;
    uint32_t extra_ms; /* longer than that, because this call asked the node to wait */
    uint32_t value_max;
    int fd;              /* -1 when there is no connection */
    uint64_t used_ms;    /* when the connection was last read from */
    uint64_t retry_ms;   /* no new attempt before */
    uint32_t backoff_ms; /* length of the next pause */
    void *memory;        /* the codec's arena */
    struct client_codec *codec;
    struct buffer in;
    struct buffer out;
    bool sealed; /* what crosses the present connection is records: */
    struct tunnel keys;
    pid_t owner;            /* the process that drew them */
    struct buffer wire_in;  /* read, and not whole yet */
    struct buffer wire_out; /* sealed, and not sent yet */
    size_t lent;            /* bytes at in.start of the frame that is lent out */
    uint32_t next_id;
    struct slice result;
    bool issued;                  /* result is the answer to something that has acks */
    struct scrubjay_bytes *names; /* NAMES_MAX, of acks and tokens; made at the first use */
    struct pipeline pipeline;
    struct watch watch;
    char error[640];
    char error_name[64];
};

/* ---- sentences ---- */

/** Keep one sentence for scrubjay_error() and forget the error's name. Returns: status. */
__attribute__((format(printf, 3, 4))) enum scrubjay_status
fail(struct scrubjay *c, enum scrubjay_status status, const char *format, ...);

/** Keep the protocol's name of the error that fail() was just told. */
void fail_name(struct scrubjay *c, struct slice name);

/* ---- buffers ---- */

/** Make room for n bytes behind end. false when memory is out, and then b is unchanged. */
bool buffer_reserve(struct buffer *b, size_t n);

/** The unread or unsent bytes. Lends from b. */
struct slice buffer_rest(const struct buffer *b);

/** Forget all bytes, keep the memory. */
void buffer_clear(struct buffer *b);

/** Give the memory back. */
void buffer_free(struct buffer *b);

/* ---- the connection ---- */

/** Split "HOST", "HOST:PORT", "[V6]:PORT"; NULL means the default. false when it is none of these. */
bool address_parse(const char *text, struct address *out);

/** Milliseconds of a clock that never goes back. */
uint64_t clock_ms(void);

/** Milliseconds left until a deadline, as poll() wants them. */
int clock_left(uint64_t deadline_ms);

/** Open the connection, without a hello. Errors: SCRUBJAY_CONNECT, SCRUBJAY_TIMEOUT. */
enum scrubjay_status dial(struct scrubjay *c, uint64_t deadline_ms);

/** From now on what crosses the connection is records, what was read behind the frame that is lent included.
 *  Copies keys. Errors: SCRUBJAY_CONNECT; the connection is gone. */
enum scrubjay_status link_seal(struct scrubjay *c, const struct tunnel *keys);

/** Close the connection: answers under way are lost, subscriptions end. */
void link_close(struct scrubjay *c);

/** Close the connection when the node has closed it while nobody looked. */
void link_look(struct scrubjay *c);

/** As link_look, when the connection was idle for long enough that it is likely. */
void link_check(struct scrubjay *c);

/** Send all of b, reading what comes meanwhile so that neither side waits for the other. Errors:
 *  SCRUBJAY_CONNECT, SCRUBJAY_TIMEOUT; the connection is gone, for half a frame may have left. */
enum scrubjay_status link_send(struct scrubjay *c, struct buffer *b, uint64_t deadline_ms);

/** Read once. Errors: SCRUBJAY_CONNECT (closed; the connection is gone), SCRUBJAY_TIMEOUT. */
enum scrubjay_status link_read(struct scrubjay *c, uint64_t deadline_ms);

/* ---- logging in ---- */

/** Keep id and key, which may be NULL. What is wrong with them is told at the first call. */
void login_options(struct scrubjay *c, const char *id, const char *key);

/** Say hello, and log in when there is a key. Errors: also SCRUBJAY_DENIED. */
enum scrubjay_status login_greet(struct scrubjay *c, uint64_t deadline_ms);

/* ---- calls ---- */

/** An id that no request under way has. */
uint32_t call_id(struct scrubjay *c);

/** Make sure of a connection that was greeted. explicit: try even while backing off. */
enum scrubjay_status call_connect(struct scrubjay *c, bool explicit, uint64_t deadline_ms);

/** Begin a public call: forget the last error and what was lent. */
void call_begin(struct scrubjay *c);

/** Give request an id and append it to out. Errors: SCRUBJAY_INVALID, and nothing was appended. */
enum scrubjay_status call_queue(struct scrubjay *c, struct client_request *request);

/** Send request and wait for its reply; *result is lent from the client. */
enum scrubjay_status call_run(struct scrubjay *c, struct client_request *request,
                              struct slice *result);

/** Read until the reply to id came. Errors: SCRUBJAY_ERROR, CONNECT, TIMEOUT, PROTOCOL. */
enum scrubjay_status call_await(struct scrubjay *c, uint32_t id, uint64_t deadline_ms,
                                struct client_reply *out);

/** Read one frame and sort it: *mine says whether it is the reply to id, set in *out. */
enum scrubjay_status call_step(struct scrubjay *c, uint32_t id, uint64_t deadline_ms,
                               struct client_reply *out, bool *mine);

/** Turn an error reply into its status and sentence; SCRUBJAY_OK when it is none. */
enum scrubjay_status call_judge(struct scrubjay *c, const struct client_reply *reply);

/** The peer sent something that is not this protocol: close. Returns: SCRUBJAY_PROTOCOL. */
enum scrubjay_status call_garbage(struct scrubjay *c);

/** Read the result of a get into *out: SCRUBJAY_OK or SCRUBJAY_MISS. */
enum scrubjay_status call_got(struct scrubjay *c, struct slice result, struct scrubjay_value *out);

/** Read the result of a fill: SCRUBJAY_OK or SCRUBJAY_REFUSED with its reason. */
enum scrubjay_status call_stored(struct scrubjay *c, struct slice result);

/** What fill and put have in common. Errors: SCRUBJAY_INVALID (too many tags). */
enum scrubjay_status call_store(struct scrubjay *c, const struct scrubjay_store *store,
                                struct client_fill *out);

/** The name of a namespace; NULL is the default one. */
struct slice call_ns(const char *ns);

/** A stamp as a slice. Lends from stamp. */
struct slice stamp_slice(const struct scrubjay_stamp *stamp);

/** A deadline from now, by the client's timeout. */
uint64_t call_deadline(const struct scrubjay *c);

/** Bytes of the application as a slice. */
struct slice slice_from(struct scrubjay_bytes bytes);

/** A slice as bytes for the application. */
struct scrubjay_bytes bytes_from(struct slice bytes);

/* ---- pipelined answers and events ---- */

/** Keep an answer that came before its turn. false when nobody waits for id: it came too late. */
bool pipeline_keep(struct scrubjay *c, uint32_t id, struct slice frame);

/** Mark all answers that have not come as lost. */
void pipeline_lose(struct scrubjay *c);

/** Free what the queue of answers holds. */
void pipeline_free(struct scrubjay *c);

/** Free the saved answer that was lent out. */
void pipeline_return(struct scrubjay *c);

/** Keep the arguments of a push for scrubjay_next(). */
void watch_keep(struct scrubjay *c, struct slice args);
