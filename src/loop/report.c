#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "loop/address.h"
#include "loop/inside.h"

#define ROTATION_ADVICE_MAX 160

/** How an event of a member reads. */
struct event_text {
    enum logger_level level;
    const char *msg;
};

static const struct event_text EVENTS[] = {
    [SWIM_JOIN] = {LOGGER_INFO, "member joined"},
    [SWIM_REPLACED] = {LOGGER_INFO, "member replaced by a new run"},
    [SWIM_UPDATE] = {LOGGER_DEBUG, "member updated"},
    [SWIM_SUSPECTED] = {LOGGER_WARN, "member suspected"},
    [SWIM_ALIVE_AGAIN] = {LOGGER_INFO, "member alive again"},
    [SWIM_LEAVE] = {LOGGER_INFO, "member left"},
    [SWIM_FAIL] = {LOGGER_WARN, "member failed"},
    [SWIM_FORGOTTEN] = {LOGGER_DEBUG, "member forgotten"},
    [SWIM_CONFLICT] = {LOGGER_ERROR,
                       "two processes use one name: give each node a --name of its own"},
    [SWIM_CONFLICT_OVER] = {LOGGER_INFO, "name conflict over"},
    [SWIM_ISOLATED] = {LOGGER_WARN, "most probes fail: this node may be cut off"},
    [SWIM_CONNECTED] = {LOGGER_INFO, "probes succeed again"},
};

static_assert(ARRAY_LEN(EVENTS) == LOOP_EVENTS, "each event is told and counted");

static struct event_text text_of(enum swim_event_kind event)
{
    if ((size_t)event < ARRAY_LEN(EVENTS) && EVENTS[event].msg != NULL)
        return EVENTS[event];
    return (struct event_text){LOGGER_INFO, "membership changed"};
}

void report_event(struct loop *l, const struct node_out *out)
{
    const struct event_text text = text_of(out->event);
    const struct swim_member *m = &out->member;
    char address[ADDRESS_TEXT_MAX], generation[LOGGER_TEXT_MAX];
    struct logger_field fields[4];
    size_t n = 0;
    if ((size_t)out->event < LOOP_EVENTS)
        l->events[out->event]++;
    if (m->name.len > 0)
        fields[n++] = (struct logger_field){.name = "member", .value = m->name};
    if (addr_known(&m->addr))
        fields[n++] = logger_text("address", address_format(&m->addr, address));
    if (m->generation > 0)
        fields[n++] = logger_number("generation", m->generation, generation);
    if (out->event == SWIM_SUSPECTED && m->accuser.len > 0)
        fields[n++] = (struct logger_field){.name = "accuser", .value = m->accuser};
    logger_say(&l->log, text.level, text.msg, fields, n);
}

void report_state(struct loop *l)
{
    const char *state = node_state_text(l->node);
    const struct logger_field fields[] = {
        logger_text("name", l->name),
        logger_text("state", state),
    };
    if (l->state_told != NULL && strcmp(l->state_told, state) == 0)
        return;
    l->state_told = state;
    logger_say(&l->log, LOGGER_INFO, "node state", fields, ARRAY_LEN(fields));
}

void report_warmed(struct loop *l, const struct node_warmed *warmed)
{
    char entries[LOGGER_TEXT_MAX], bytes[LOGGER_TEXT_MAX], ms[LOGGER_TEXT_MAX];
    char refused[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        {.name = "from", .value = warmed->from},
        logger_number("entries", warmed->entries, entries),
        logger_number("bytes", warmed->bytes, bytes),
        logger_number("refused", warmed->refused, refused),
        logger_number("ms", warmed->ms, ms),
        logger_text("whole", warmed->whole ? "yes" : "no"),
    };
    logger_say(&l->log, LOGGER_INFO, "warmed up", fields, ARRAY_LEN(fields));
}

void report_drifted(struct loop *l, const struct node_drifted *drifted)
{
    char entries[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        {.name = "with", .value = drifted->with},
        logger_number("entries", drifted->entries, entries),
    };
    logger_say(&l->log, LOGGER_WARN,
               "values differ: was the source changed without an invalidation?", fields,
               ARRAY_LEN(fields));
}

void report_windows(struct loop *l, const struct node_windows *windows)
{
    char ours[LOGGER_TEXT_MAX], theirs[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        logger_number("fence_ms", windows->ours_ms, ours),
        {.name = "member", .value = windows->with},
        logger_number("its_fence_ms", windows->theirs_ms, theirs),
    };
    logger_say(&l->log, LOGGER_ERROR,
               "fence_ms differs between nodes: until it is equal, none is fenced or certified",
               fields, ARRAY_LEN(fields));
}

/** How a refused step could be taken all the same, behind what to do else. */
static const char *advise(const struct node_rotated *r, char out[static ROTATION_ADVICE_MAX])
{
    const char *advice = rotation_why_advice(r->why);
    if (!rotation_can_force(r->why))
        return advice;
    (void)snprintf(out, ROTATION_ADVICE_MAX,
                   "%s; to take the step at once, add to the file: force %s %08" PRIx32, advice,
                   keyring_step_text(r->step), r->key);
    return out;
}

static void report_taken(struct loop *l, const struct node_rotated *r, const char *key)
{
    const bool forced = r->why != ROTATION_OPEN;
    const struct logger_field fields[] = {
        logger_text("step", keyring_step_text(r->step)),
        logger_text("key", key),
        logger_text("reason", rotation_why_text(r->why)),
        {.name = "member", .value = r->member},
    };
    logger_say(&l->log, forced ? LOGGER_WARN : LOGGER_INFO,
               forced ? "keyring step forced" : "keyring step taken", fields,
               forced ? ARRAY_LEN(fields) : 2);
}

/** A wait is no mistake: every key that goes has one. */
static void report_step_refused(struct loop *l, const struct node_rotated *r, const char *key)
{
    char advice[ROTATION_ADVICE_MAX], members[LOGGER_TEXT_MAX], wait[LOGGER_TEXT_MAX];
    struct logger_field fields[6] = {
        logger_text("step", keyring_step_text(r->step)),
        logger_text("key", key),
        logger_text("reason", rotation_why_text(r->why)),
    };
    size_t n = 3;
    if (r->member.len > 0)
        fields[n++] = (struct logger_field){.name = "member", .value = r->member};
    if (r->why == ROTATION_HEARD)
        fields[n++] = logger_number("wait_s", (r->wait_us + US_PER_SEC - 1) / US_PER_SEC, wait);
    else if (r->members_n > 0)
        fields[n++] = logger_number("members", r->members_n, members);
    fields[n++] = logger_text("do", advise(r, advice));
    logger_say(&l->log, r->why == ROTATION_HEARD ? LOGGER_INFO : LOGGER_WARN,
               "keyring step refused", fields, n);
}

void report_rotated(struct loop *l, const struct node_rotated *rotated)
{
    char key[9];
    (void)snprintf(key, sizeof key, "%08" PRIx32, rotated->key);
    if (rotated->taken)
        report_taken(l, rotated, key);
    else
        report_step_refused(l, rotated, key);
}

void report_wedge(struct loop *l, uint32_t i, const struct wedge *w)
{
    char worker[LOGGER_TEXT_MAX], ms[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        logger_number("worker", i, worker),
        logger_number("ms", w->still_us / US_PER_MS, ms),
    };
    if (w->wedged)
        logger_say(&l->log, LOGGER_ERROR, "worker wedged: its clients get no answers", fields,
                   ARRAY_LEN(fields));
    else
        logger_say(&l->log, LOGGER_INFO, "worker turns again", fields, ARRAY_LEN(fields));
}

void report_refused(struct loop *l, uint64_t packets, const struct node_counters *c)
{
    char now[LOGGER_TEXT_MAX], key[LOGGER_TEXT_MAX], tag[LOGGER_TEXT_MAX];
    char plain[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        logger_number("packets", packets, now),
        logger_number("unknown_key_total", c->dropped_key, key),
        logger_number("plain_total", c->dropped_plain, plain),
        logger_number("unauthentic_total", c->dropped_unauthentic, tag),
    };
    logger_say(&l->log, LOGGER_WARN,
               "packets of another key or cluster refused: compare --keyring and --cluster", fields,
               ARRAY_LEN(fields));
}

void report_by_stream(struct loop *l, uint64_t probes)
{
    char room[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {logger_number("probes", probes, room)};
    logger_say(&l->log, LOGGER_WARN, "a member answers by stream, not by datagram: is UDP blocked?",
               fields, ARRAY_LEN(fields));
}

/** The first of the texts; NULL when there is none. */
static const char *first_of(const struct loop_texts *texts)
{
    return texts->n > 0 ? texts->at[0] : NULL;
}

void report_nobody(struct loop *l)
{
    const struct dns_counters c = dns_counters(l->dns);
    const char *name = first_of(&l->dns_names);
    char failed[LOGGER_TEXT_MAX];
    name = name != NULL ? name : first_of(&l->srv_names);
    name = name != NULL ? name : first_of(&l->seeds);
    const struct logger_field fields[] = {
        logger_text("name", name != NULL ? name : ""),
        logger_number("unanswered_total", c.errors + c.timeouts, failed),
    };
    logger_say(&l->log, LOGGER_WARN,
               c.errors + c.timeouts > 0
                   ? "no node found by name: the DNS server gives no answer; check --dns-server"
                   : "no node found by name: no such name, or it has no address; check --join-dns",
               fields, ARRAY_LEN(fields));
}

/* A mode on the way between plain and sealed is meant to end: whoever forgets it finds it in the log. */
static void warn_of_mode(struct loop *l)
{
    const struct logger_field mode = logger_text("crypto", mode_text(l->crypto));
    if (!l->keyed || l->crypto == SEAL_REQUIRE)
        return;
    logger_say(&l->log, LOGGER_WARN,
               l->crypto == SEAL_OFF
                   ? "gossip is plain: there is a keyring, and it is not used"
                   : "packets that nobody sealed are taken, until gossip.crypto is require",
               &mode, 1);
}

/* The same for clients that go from no keys to keys. */
static void warn_of_entry(struct loop *l)
{
    const struct logger_field entry = logger_text("login", entry_text(l->auth.entry));
    if (l->auth.unused)
        logger_say(&l->log, LOGGER_WARN,
                   "clients are served without a login: there is a clients file, and it is not "
                   "used",
                   &entry, 1);
    if (l->auth.entry == ENTRY_ACCEPT)
        logger_say(&l->log, LOGGER_WARN,
                   "clients are served without a login, too, until client.login is require", &entry,
                   1);
}

/* And for those that go from plain connections to sealed ones. */
static void warn_of_plain(struct loop *l)
{
    const struct logger_field plain = logger_text("plain", plain_text(l->auth.plain));
    if (entry_hears_logins(l->auth.entry) && l->auth.plain == PLAIN_EVERYWHERE)
        logger_say(&l->log, LOGGER_WARN,
                   "clients may log in from everywhere and not be sealed, until client.plain is "
                   "loopback",
                   &plain, 1);
}

void report_start(struct loop *l)
{
    char client[ADDRESS_TEXT_MAX], gossip[ADDRESS_TEXT_MAX], advertise[ADDRESS_TEXT_MAX];
    char workers[LOGGER_TEXT_MAX];
    const struct logger_field fields[] = {
        logger_text("name", l->name),
        logger_text("cluster", l->cluster),
        logger_text("clients", address_format(&l->client, client)),
        logger_text("gossip", address_format(&l->gossip, gossip)),
        logger_text("advertise", address_format(&l->advertise, advertise)),
        logger_number("workers", l->workers_n, workers),
        logger_text("sealed", mode_seals(l->crypto) ? "yes" : "no"),
        logger_text("crypto", mode_text(l->crypto)),
        logger_text("login", entry_text(l->auth.entry)),
    };
    logger_say(&l->log, LOGGER_INFO, "node started", fields, ARRAY_LEN(fields));
    warn_of_mode(l);
    warn_of_entry(l);
    warn_of_plain(l);
}
