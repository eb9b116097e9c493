/** bench/probe/redis.c - PUBLISH to as many subscribers, over RESP2. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

static bool greet(struct conn *c)
{
    if (!conn_send(c, "PING\r\n", 6) || !conn_read(c, 2000))
        return false;
    conn_drop(c, c->in_len);
    return true;
}

static bool subscribe(struct conn *c)
{
    static const char text[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$3\r\nlat\r\n";
    if (!conn_send(c, text, sizeof text - 1) || !conn_read(c, 2000))
        return false;
    conn_drop(c,
              c->in_len); /* "subscribe", "lat", 1: nothing else comes before the first message */
    return true;
}

static bool publish(struct conn *c, uint64_t number)
{
    char payload[32];
    char text[96];
    const int payload_len = snprintf(payload, sizeof payload, "lat:%" PRIu64, number);
    const int len = snprintf(text, sizeof text, "*3\r\n$7\r\nPUBLISH\r\n$3\r\nlat\r\n$%d\r\n%s\r\n",
                             payload_len, payload);
    return conn_send(c, text, (size_t)len);
}

/* Every bulk string that looks like one of our numbers is a message; replies of PUBLISH are integers. */
static bool consume(struct conn *c, seen_fn *seen, void *ctx)
{
    size_t done = 0;
    for (;;) {
        const uint8_t *end = memchr(c->in + done, '\n', c->in_len - done);
        uint64_t number;
        if (end == NULL)
            break;
        const uint8_t *line = c->in + done;
        const size_t len = (size_t)(end - line);
        if (len > 0 && number_of(line, len - 1, &number))
            seen(ctx, number);
        done += len + 1;
    }
    conn_drop(c, done);
    return true;
}

const struct system SYSTEM_REDIS = {.name = "redis",
                                    .greet = greet,
                                    .subscribe = subscribe,
                                    .publish = publish,
                                    .consume = consume};
