/** fake_node.h - a node that does what a test's script says, on a thread and a port of its own. */
#pragma once

#include <pthread.h>
#include <scrubjay/client.h>

#include "wire/client.h"

#include "records.h"

struct fake;

/** What the node does with its nth connection (from 0). The connection is closed when it returns. */
typedef void fake_script(struct fake *f, int fd, unsigned nth);

struct fake {
    fake_script *script;
    int listener;
    unsigned connections; /* how many to serve */
    char address[32];
    pthread_t thread;
    struct client_codec *codec;
    uint8_t memory[1 << 17];
    uint8_t frame[1 << 20];
    uint8_t reply[1 << 20];
    struct writer w; /* begun by fake_take over reply */
    bool sealed;     /* what it hears and says is in records: */
    struct records records;
};

/** Start serving this many connections, one after the other. */
void fake_start(struct fake *f, fake_script *script, unsigned connections);

/** Wait until all connections were served. */
void fake_join(struct fake *f);

/** Read one request; false when the client closed. Slices are lent until the next one. */
bool fake_take(struct fake *f, int fd, struct client_request *request);

/** Send what was written to f->w since fake_take. */
void fake_send(struct fake *f, int fd);

/** From now on, until this connection ends, all is in records under keys. Copies keys. */
void fake_seal(struct fake *f, const struct tunnel *keys);

/** Send these bytes as they are. */
void fake_bytes(int fd, const void *at, size_t len);

/** Take the hello and answer it. */
void fake_greet(struct fake *f, int fd);

/** Answer a get with a HIT that holds value. */
void fake_hit(struct fake *f, uint32_t id, const char *value);

/** A client of the fake with this timeout. */
struct scrubjay *fake_client(const struct fake *f, uint32_t timeout_ms);
