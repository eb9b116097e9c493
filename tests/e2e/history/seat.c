#include "history/seat.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "client/inside.h"

#include "keyed.h"

#define NODES_MAX   26 /* one letter each */
#define PLACES_MAX  64 /* addresses of a service at one time */
#define HOMES_MAX   256
#define LOOK_MS     500
#define CALL_MS     1000
#define RESTLESS_PM 2 /* of 1,000 calls, so many are made elsewhere than the one before */

static struct {
    char letter;
    const char *address;
} nodes[NODES_MAX];

static size_t nodes_n;

/** What the service's name gave last, and who was met at an address last. */
static struct {
    pthread_mutex_t lock;
    char host[256], port[8];
    const char *prefix;
    char places[PLACES_MAX][SEAT_ADDRESS];
    size_t places_n;

    struct home {
        char address[SEAT_ADDRESS];
        char node;
    } homes[HOMES_MAX];

    size_t homes_n;
} service = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- looking up ---- */

static void take_answer(const struct addrinfo *list)
{
    char host[INET_ADDRSTRLEN];
    pthread_mutex_lock(&service.lock);
    service.places_n = 0;
    for (const struct addrinfo *a = list; a != NULL && service.places_n < PLACES_MAX;
         a = a->ai_next) {
        struct sockaddr_in at;
        memcpy(&at, a->ai_addr, sizeof at);
        inet_ntop(AF_INET, &at.sin_addr, host, sizeof host);
        snprintf(service.places[service.places_n++], SEAT_ADDRESS, "%s:%s", host, service.port);
    }
    pthread_mutex_unlock(&service.lock);
}

/** A name that does not exist has no addresses; a server that does not answer changes nothing. */
static void look_up(void)
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const int error = getaddrinfo(service.host, NULL, &hints, &list);
    if (error == 0 || error == EAI_NONAME || error == EAI_NODATA)
        take_answer(list);
    if (error == 0)
        freeaddrinfo(list);
}

static void *keep_looking(void *ctx)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    (void)ctx;
    for (;;) {
        nanosleep(&pause, NULL);
        look_up();
    }
    return NULL;
}

static bool is_offered(const char *address)
{
    bool found = false;
    pthread_mutex_lock(&service.lock);
    for (size_t i = 0; i < service.places_n && !found; i++)
        found = strcmp(service.places[i], address) == 0;
    pthread_mutex_unlock(&service.lock);
    return found;
}

/** Any address but the one that is there already, unless it is the only one. false: none at all. */
static bool choose(struct rng *rng, char address[SEAT_ADDRESS])
{
    char chosen[SEAT_ADDRESS] = "";
    pthread_mutex_lock(&service.lock);
    for (size_t i = 0, seen = 0; i < service.places_n; i++) {
        if (service.places_n > 1 && strcmp(service.places[i], address) == 0)
            continue;
        if (rng_below(rng, ++seen) == 0)
            memcpy(chosen, service.places[i], SEAT_ADDRESS);
    }
    pthread_mutex_unlock(&service.lock);
    memcpy(address, chosen, SEAT_ADDRESS);
    return chosen[0] != '\0';
}

/* ---- who lives where ---- */

static struct home *find_home(const char *address)
{
    for (size_t i = 0; i < service.homes_n; i++) {
        if (strcmp(service.homes[i].address, address) == 0)
            return &service.homes[i];
    }
    return NULL;
}

static char home_of(const char *address)
{
    pthread_mutex_lock(&service.lock);
    const struct home *home = find_home(address);
    const char node = (char)(home == NULL ? SEAT_NOBODY : home->node);
    pthread_mutex_unlock(&service.lock);
    return node;
}

static void note_home(const char *address, char node)
{
    pthread_mutex_lock(&service.lock);
    struct home *home = find_home(address);
    if (home == NULL && service.homes_n < HOMES_MAX)
        home = &service.homes[service.homes_n++];
    if (home != NULL) {
        memcpy(home->address, address, SEAT_ADDRESS);
        home->node = node;
    }
    pthread_mutex_unlock(&service.lock);
}

/** Our end of the connection, by which one connection is told from the next; 0 when there is none. */
static uint16_t own_port(const struct scrubjay *c)
{
    struct sockaddr_in at = {.sin_port = 0};
    socklen_t len = sizeof at;
    if (c->fd < 0 || getsockname(c->fd, (struct sockaddr *)&at, &len) != 0)
        return 0;
    return ntohs(at.sin_port);
}

/** The node's own description says its name first. */
static char letter_in(struct scrubjay_bytes description)
{
    const size_t len = strlen(service.prefix);
    const char *at = memmem(description.at, description.len, service.prefix, len);
    if (at == NULL)
        return SEAT_NOBODY;
    size_t n = len;
    while (at + n < (const char *)description.at + description.len && at[n] >= '0' && at[n] <= '9')
        n++;
    return seat_letter((struct scrubjay_bytes){at, n});
}

/** Connect to s->address. */
static enum scrubjay_status sit_down(struct seat *s)
{
    struct scrubjay_bytes description;
    s->c = keyed_new(&(struct scrubjay_options){
        .address = s->address, .name = "history", .timeout_ms = CALL_MS});
    if (s->c == NULL)
        return SCRUBJAY_CONNECT;
    const enum scrubjay_status status = scrubjay_inspect(s->c, "node", &description);
    if (status != SCRUBJAY_OK)
        return status;
    s->node = letter_in(description);
    s->port = own_port(s->c);
    note_home(s->address, s->node);
    return SCRUBJAY_OK;
}

/* ---- verbs ---- */

void seats_add(char node, const char *address)
{
    if (nodes_n == NODES_MAX)
        return;
    nodes[nodes_n].letter = node;
    nodes[nodes_n++].address = address;
}

size_t seats_nodes(void)
{
    return nodes_n;
}

bool seats_use_service(const char *name, const char *prefix)
{
    pthread_t thread;
    const char *colon = strrchr(name, ':');
    if (colon == NULL || (size_t)(colon - name) >= sizeof service.host)
        return false;
    memcpy(service.host, name, (size_t)(colon - name));
    snprintf(service.port, sizeof service.port, "%s", colon + 1);
    service.prefix = prefix;
    look_up();
    return pthread_create(&thread, NULL, keep_looking, NULL) == 0 && pthread_detach(thread) == 0;
}

size_t seats_now(char (*out)[SEAT_ADDRESS], size_t n)
{
    look_up();
    pthread_mutex_lock(&service.lock);
    const size_t got = service.places_n < n ? service.places_n : n;
    memcpy(out, service.places, got * SEAT_ADDRESS);
    pthread_mutex_unlock(&service.lock);
    return got;
}

char seat_letter(struct scrubjay_bytes name)
{
    char text[64] = "";
    if (name.len == 1)
        return *(const char *)name.at;
    const size_t len = service.prefix == NULL ? 0 : strlen(service.prefix);
    if (len == 0 || name.len <= len || name.len >= sizeof text ||
        memcmp(name.at, service.prefix, len) != 0)
        return SEAT_NOBODY;
    memcpy(text, (const char *)name.at + len, name.len - len);
    const unsigned long ordinal = strtoul(text, NULL, 10);
    return (char)(ordinal < NODES_MAX ? 'a' + (int)ordinal : SEAT_NOBODY);
}

struct seat seat_at(size_t index, uint64_t seed)
{
    struct seat s = {.node = SEAT_NOBODY};
    rng_init(&s.rng, seed);
    if (index < nodes_n) {
        s.c = keyed_new(&(struct scrubjay_options){
            .address = nodes[index].address, .name = "history", .timeout_ms = CALL_MS});
        s.node = nodes[index].letter;
    }
    return s;
}

struct seat seat_of(const char *address)
{
    struct seat s = {.node = SEAT_NOBODY};
    snprintf(s.address, sizeof s.address, "%s", address);
    (void)sit_down(&s);
    return s;
}

enum scrubjay_status seat_take(struct seat *s)
{
    if (service.prefix == NULL)
        return SCRUBJAY_OK;
    if (s->port != 0 && is_offered(s->address) && !rng_chance(&s->rng, RESTLESS_PM))
        return SCRUBJAY_OK;
    seat_leave(s);
    return choose(&s->rng, s->address) ? sit_down(s) : SCRUBJAY_CONNECT;
}

static bool is_failure(enum scrubjay_status status)
{
    return status == SCRUBJAY_CONNECT || status == SCRUBJAY_TIMEOUT || status == SCRUBJAY_UNKNOWN ||
           status == SCRUBJAY_ERROR || status == SCRUBJAY_PROTOCOL || status == SCRUBJAY_DENIED;
}

char seat_settle(struct seat *s, enum scrubjay_status status)
{
    if (service.prefix == NULL)
        return s->node;
    const bool failed = is_failure(status);
    const bool same = s->c != NULL && s->port != 0 && own_port(s->c) == s->port;
    const char node = (char)(same || failed ? s->node : SEAT_NOBODY);
    if (failed || !same)
        s->port = 0; /* the next call begins with a look at who is there */
    return (char)(failed && node == SEAT_NOBODY ? home_of(s->address) : node);
}

void seat_leave(struct seat *s)
{
    scrubjay_free(s->c);
    s->c = NULL;
    s->node = SEAT_NOBODY;
    s->port = 0;
}
