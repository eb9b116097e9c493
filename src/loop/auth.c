#include "loop/auth.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/socket.h>

#include "loop/address.h"
#include "loop/clock.h"
#include "loop/entropy.h"
#include "loop/request.h"
#include "loop/worker.h"
#include "seal/login.h"
#include "wire/client_stranger.h"

static_assert(LOGIN_NONCE_LEN == CLIENT_NONCE_LEN && LOGIN_PROOF_LEN == CLIENT_NONCE_LEN &&
                  LOGIN_CLAIM_MAX == CLIENT_AUTH_MAX && SESSION_SHARE_LEN == CLIENT_SHARE_LEN,
              "what the protocol carries is what a login needs");

#define STACK_USED 8192 /* by whatever handles keys */

/** A connection that has not shown who it is. */
struct stranger {
    struct conn *conn;
    struct login login;
    mono_us came, due;
    TAILQ_ENTRY(stranger) waiting;
};

void auth_scrub(void)
{
    uint8_t digest[32];
    (void)crypto_generichash(digest, sizeof digest, NULL, 0, NULL, 0); /* uses all registers */
    sodium_stackzero(STACK_USED);
}

/* ---- the table ---- */

void auth_init(struct auth *a)
{
    (void)pthread_mutex_init(&a->lock, NULL);
    crowd_init(&a->crowd);
}

enum err auth_open(struct auth *a, const struct clients *clients, struct slice cluster)
{
    a->cluster = cluster;
    a->patience_us = AUTH_PATIENCE_US;
    if (sodium_init() < 0) /* sodium_malloc() needs it; a second time it does nothing */
        return ERR_IO;
    a->secrets = sodium_malloc(sizeof *a->secrets);
    if (a->secrets == NULL)
        return ERR_FULL;
    /* sodium_malloc() asks for this too, and does not tell what came of it. */
    a->swappable = mlock(a->secrets, sizeof *a->secrets) != 0;
    memset(a->secrets, 0, sizeof *a->secrets);
    memcpy(&a->secrets->clients, clients, sizeof *clients);
    return entropy_fill(a->secrets->nobody.key, sizeof a->secrets->nobody.key);
}

void auth_fini(struct auth *a)
{
    sodium_free(a->secrets); /* wipes */
    a->secrets = NULL;
    (void)pthread_mutex_destroy(&a->lock);
}

enum err auth_replace(struct auth *a, const struct clients *clients)
{
    if (a->secrets == NULL)
        return ERR_CONFIG;
    pthread_mutex_lock(&a->lock);
    memcpy(&a->secrets->clients, clients, sizeof *clients);
    pthread_mutex_unlock(&a->lock);
    atomic_fetch_add(&a->edition, 1);
    return OK;
}

uint8_t auth_bearer(struct auth *a, struct slice token)
{
    uint8_t key[CLIENTS_KEY_LEN];
    uint8_t rights = 0;
    if (a->secrets == NULL || !clients_key_read(token, key))
        return 0;
    pthread_mutex_lock(&a->lock);
    const struct clients_one *one = clients_with_key(&a->secrets->clients, key);
    if (one != NULL)
        rights = one->rights;
    pthread_mutex_unlock(&a->lock);
    sodium_memzero(key, sizeof key);
    auth_scrub();
    return rights;
}

/* ---- strangers come and go ---- */

static struct auth *auth_of(const struct worker *w)
{
    return w->world->auth;
}

/** Wake when the time of the oldest is over. */
static void arm(struct worker *w)
{
    const struct stranger *oldest = TAILQ_FIRST(&w->auth.waiting);
    const mono_us now = clock_now();
    ev_timer_stop(w->ev, &w->auth.due);
    if (oldest == NULL)
        return;
    const mono_us left = oldest->due > now ? oldest->due - now : 0;
    ev_now_update(w->ev);
    ev_timer_set(&w->auth.due, (double)left / 1e6, 0.);
    ev_timer_start(w->ev, &w->auth.due);
}

static void on_due(struct ev_loop *ev, ev_timer *timer, int revents)
{
    struct worker *w = timer->data;
    const mono_us now = clock_now();
    struct stranger *s;
    (void)ev;
    (void)revents;
    while ((s = TAILQ_FIRST(&w->auth.waiting)) != NULL && s->due <= now) {
        worker_count(&w->counters.strangers_late, 1);
        conn_end(s->conn);
    }
    arm(w);
}

void auth_queue_init(struct worker *w)
{
    TAILQ_INIT(&w->auth.waiting);
    ev_timer_init(&w->auth.due, on_due, 0., 0.);
    w->auth.due.data = w;
}

static uint64_t who_of(int fd)
{
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof at;
    if (getpeername(fd, (struct sockaddr *)&at, &len) != 0)
        return 0;
    const struct addr a = address_of_sock(&at);
    return crowd_who(&a);
}

/** Whoever was displaced may be another worker's: it is shut down here, while its descriptor cannot be
 *  another's yet (auth_forget() comes before the close), and its worker reads the end and closes it. It
 *  counts no more, so that its place is free at once. Under a->lock. */
static void shut_down(struct worker *w, int fd)
{
    (void)shutdown(fd, SHUT_RDWR);
    atomic_fetch_sub(&w->world->connections, 1);
}

static bool enter(struct conn *c, mono_us now)
{
    struct auth *a = auth_of(c->worker);
    const struct crowd_one one = {.who = who_of(c->io.fd), .came = now, .fd = c->io.fd};
    int displaced;
    pthread_mutex_lock(&a->lock);
    const bool entered = crowd_enter(&a->crowd, &one, &displaced);
    if (displaced >= 0)
        shut_down(c->worker, displaced);
    pthread_mutex_unlock(&a->lock);
    if (!entered || displaced >= 0)
        worker_count(&c->worker->counters.strangers_crowded, 1);
    return entered;
}

static void leave(struct conn *c)
{
    struct auth *a = auth_of(c->worker);
    pthread_mutex_lock(&a->lock);
    c->displaced = !crowd_leave(&a->crowd, c->io.fd);
    pthread_mutex_unlock(&a->lock);
}

void auth_forget(struct conn *c)
{
    struct stranger *s = c->stranger;
    struct worker *w = c->worker;
    struct auth *a = auth_of(w);
    if (c->is_guest)
        atomic_fetch_sub(&a->guests, 1);
    c->is_guest = false;
    if (s == NULL)
        return;
    TAILQ_REMOVE(&w->auth.waiting, s, waiting);
    w->auth.n--;
    atomic_fetch_sub(&a->strangers, 1);
    leave(c);
    sodium_memzero(s, sizeof *s);
    free(s);
    c->stranger = NULL;
}

/** Let c wait for a login: the others that wait are older. */
static void add_stranger(struct conn *c, struct stranger *s, mono_us now)
{
    struct worker *w = c->worker;
    *s = (struct stranger){.conn = c, .came = now, .due = now + auth_of(w)->patience_us};
    c->stranger = s;
    TAILQ_INSERT_TAIL(&w->auth.waiting, s, waiting);
    w->auth.n++;
    atomic_fetch_add(&auth_of(w)->strangers, 1);
    if (!ev_is_active(&w->auth.due))
        arm(w);
}

/** The oldest stranger of whom nothing waits to be used in this turn; NULL when there is none. */
static struct stranger *oldest_idle(struct worker *w)
{
    struct stranger *s;
    TAILQ_FOREACH(s, &w->auth.waiting, waiting)
    {
        if (!s->conn->arrived)
            return s;
    }
    return NULL;
}

/** A login takes a moment: of too many, those go that have had the most time for it. false: all of them
 *  say something just now, so it is the new one that has to go. */
static bool make_room(struct worker *w)
{
    const uint32_t share = CROWD_MAX / w->world->workers_n;
    while (w->auth.n >= share) {
        struct stranger *s = oldest_idle(w);
        worker_count(&w->counters.strangers_displaced, 1);
        if (s == NULL)
            return false;
        conn_end(s->conn);
    }
    return true;
}

/** Hold c to a login from now on. false: as auth_meet(). */
static bool make_stranger(struct conn *c)
{
    static const struct client_fault fault = {
        .close = true,
        .name = "TOO_MANY_CONNECTIONS",
        .text = "8 connections of this address came just now and have not logged in, which is the "
                "limit; try again"};
    struct worker *w = c->worker;
    const mono_us now = clock_now();
    c->rights = 0;
    if (!make_room(w)) {
        c->ending = true;
        return false;
    }
    if (!enter(c, now)) {
        request_refuse(c, &fault);
        return false;
    }
    struct stranger *s = malloc(sizeof *s);
    if (s != NULL) {
        add_stranger(c, s, now);
        return true;
    }
    leave(c);
    c->ending = true;
    return false;
}

bool auth_displace_own(struct worker *w)
{
    const struct auth *a = auth_of(w);
    const struct stranger *oldest = TAILQ_FIRST(&w->auth.waiting);
    if (oldest == NULL || clock_now() - oldest->came < a->crowd.grace_us)
        return false;
    worker_count(&w->counters.strangers_full, 1);
    conn_end(oldest->conn);
    return true;
}

bool auth_displace_any(struct worker *w)
{
    struct auth *a = auth_of(w);
    pthread_mutex_lock(&a->lock);
    const int fd = crowd_displace(&a->crowd, clock_now());
    if (fd >= 0)
        shut_down(w, fd);
    pthread_mutex_unlock(&a->lock);
    if (fd >= 0)
        worker_count(&w->counters.strangers_full, 1);
    return fd >= 0;
}

bool auth_meet(struct conn *c)
{
    const enum entry entry = auth_of(c->worker)->entry;
    if (!entry_is_open(entry))
        return make_stranger(c);
    c->rights = RIGHTS_ALL;
    c->may_log_in = entry_hears_logins(entry);
    return true;
}

/* ---- what they say ---- */

/** No more than CLIENT_STRANGER_OUT_MAX waits for one that does not read. */
static void mind_output(struct conn *c)
{
    if (outbuf_len(&c->out) <= CLIENT_STRANGER_OUT_MAX)
        return;
    worker_count(&c->worker->counters.strangers_unread, 1);
    conn_give_up(c);
}

static void refuse(struct conn *c, const struct client_fault *fault, enum login_step step)
{
    struct client_fault told = *fault;
    told.close = fault->close || step == LOGIN_OVER;
    worker_count(&c->worker->counters.logins_refused, 1);
    request_refuse(c, &told);
    mind_output(c);
}

static void refuse_login(struct conn *c, const struct client_request *r, enum login_step step)
{
    const struct client_fault required = {
        .has_id = true,
        .id = r->id,
        .name = "AUTH_REQUIRED",
        .text =
            "this node serves the clients of its clients file only: log in with an id and a key"};
    const struct client_fault begun = {
        .has_id = true,
        .id = r->id,
        .name = "AUTH_REQUIRED",
        .text = "a login was begun on this connection: end it, or use another connection"};
    const struct client_fault failed = {.has_id = true,
                                        .id = r->id,
                                        .name = "AUTH_FAILED",
                                        .text = "the id is not known here, or the key is another"};
    const bool is_open = entry_is_open(auth_of(c->worker)->entry);
    refuse(c, r->auth.len > 0 ? &failed : is_open ? &begun : &required, step);
}

static void send_challenge(struct conn *c, uint32_t id, const struct login_answer *answer)
{
    const struct login *l = &c->stranger->login;
    const struct client_challenge challenge = {
        .cluster = auth_of(c->worker)->cluster,
        .nonce = slice_of(l->node_nonce, LOGIN_NONCE_LEN),
        .proof = slice_of(answer->proof, LOGIN_PROOF_LEN),
        .share = l->sealed ? slice_of(l->own.share, SESSION_SHARE_LEN) : (struct slice){0}};
    uint8_t *room = outbuf_reserve(&c->out, CLIENT_STRANGER_OUT_MAX);
    if (room == NULL) {
        conn_give_up(c);
        return;
    }
    struct writer w = writer_of(room, CLIENT_STRANGER_OUT_MAX);
    client_reply_challenge(&w, id, &challenge);
    assert(w.err == OK);
    outbuf_commit(&c->out, w.len);
    mind_output(c);
}

/** Draw what the answer to a word needs. false: the system gives no random bytes. */
static bool draw(const struct login *l, const struct login_word *word, struct login_fresh *fresh)
{
    struct ratchet r; /* of one draw: nobody keeps what it is made of */
    *fresh = (struct login_fresh){.nonce = {0}};
    if (!login_claims(l, word))
        return true;
    if (entropy_fill(fresh->nonce, sizeof fresh->nonce) != OK)
        return false;
    if (word->share.len == 0)
        return true;
    const bool drawn = entropy_fill(r.state, sizeof r.state) == OK;
    if (drawn)
        session_draw(&r, &fresh->pair);
    sodium_memzero(&r, sizeof r);
    return drawn;
}

static struct login_answer judge(struct conn *c, const struct login_word *word)
{
    struct auth *a = auth_of(c->worker);
    struct login_fresh fresh;
    if (!draw(&c->stranger->login, word, &fresh))
        return (struct login_answer){.step = login_fail(&c->stranger->login)};
    pthread_mutex_lock(&a->lock);
    const struct login_node node = {
        .cluster = a->cluster, .clients = &a->secrets->clients, .nobody = &a->secrets->nobody};
    const struct login_answer answer = login_hear(&c->stranger->login, &node, word, &fresh);
    if (answer.step == LOGIN_CHALLENGE)
        crowd_speak(&a->crowd, c->io.fd);
    pthread_mutex_unlock(&a->lock);
    sodium_memzero(&fresh, sizeof fresh);
    auth_scrub();
    return answer;
}

/** It is who it says: greet it, and go on with what it may do. */
static void welcome(struct conn *c, mono_us now, const struct login_answer *answer,
                    struct slice frame)
{
    struct tunnel keys = c->stranger->login.tunnel;
    const bool is_sealed = c->stranger->login.sealed;
    auth_forget(c);
    if (c->displaced) { /* a moment ago, by another worker: nobody hears it any more */
        c->ending = true;
    } else {
        c->rights = answer->rights;
        c->client = answer->tag;
        worker_count(&c->worker->counters.logins, 1);
        const bool used = request_run(c, now, frame); /* the hello itself */
        assert(used);
        (void)used;
    }
    if (is_sealed && !c->ending) {
        worker_count(&c->worker->counters.logins_sealed, 1);
        conn_seal(c, &keys);
    }
    tunnel_wipe(&keys);
}

/** May c log in without a share? */
static bool may_be_plain(const struct conn *c)
{
    const enum plain plain = auth_of(c->worker)->plain;
    struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof at;
    if (plain != PLAIN_LOOPBACK)
        return plain_is_taken(plain, false);
    if (getpeername(c->io.fd, (struct sockaddr *)&at, &len) != 0)
        return false;
    const struct addr from = address_of_sock(&at);
    return plain_is_taken(plain, address_is_loopback(&from));
}

static void refuse_plain(struct conn *c, uint32_t id)
{
    const struct client_fault fault = {
        .has_id = true,
        .id = id,
        .name = "SHARE_REQUIRED",
        .text = "this node seals what it says to clients from there: give a share with the claim, "
                "or set client.plain to everywhere"};
    worker_count(&c->worker->counters.logins_plain, 1);
    refuse(c, &fault, login_fail(&c->stranger->login));
}

static void answer_one(struct conn *c, mono_us now, struct slice frame)
{
    struct worker *w = c->worker;
    const struct client_request *r = &w->request;
    struct client_fault fault;
    enum err err = client_stranger_check(frame, &fault);
    if (err == OK)
        err = client_request_decode(w->codec, frame, &w->request, &fault);
    if (err != OK) {
        refuse(c, &fault, login_fail(&c->stranger->login));
        return;
    }
    if (r->op != OP_HELLO || r->auth.len == 0) {
        refuse_login(c, &(struct client_request){.id = r->id}, login_fail(&c->stranger->login));
        return;
    }
    const struct login_word word = {.auth = r->auth, .share = r->share};
    if (word.share.len == 0 && login_claims(&c->stranger->login, &word) && !may_be_plain(c)) {
        refuse_plain(c, r->id);
        return;
    }
    const struct login_answer answer = judge(c, &word);
    if (answer.step == LOGIN_CHALLENGE)
        send_challenge(c, r->id, &answer);
    else if (answer.step == LOGIN_GRANTED)
        welcome(c, now, &answer, frame);
    else
        refuse_login(c, r, answer.step);
}

/** Take the next whole frame off c's input. false: there is none, or it is too long. */
static bool take_frame(struct conn *c, struct slice *frame)
{
    struct client_fault fault;
    size_t need;
    const enum err err = client_stranger_frame(c->input, frame, &need, &fault);
    if (err == OK) {
        c->input = slice_of(c->input.at + need, c->input.len - need);
        c->begun = 0;
    } else if (err != ERR_SHORT)
        refuse(c, &fault, LOGIN_OVER);
    return err == OK;
}

/* ---- who need not log in ---- */

static void make_guest(struct conn *c)
{
    c->may_log_in = false;
    c->is_guest = true;
    atomic_fetch_add(&auth_of(c->worker)->guests, 1);
    worker_count(&c->worker->counters.logins_none, 1);
}

/** The limit of a stranger's output is for what it is answered, not for what it was told before it became one. */
static void send_at_once(struct conn *c)
{
    const size_t before = outbuf_len(&c->out);
    (void)outbuf_flush(&c->out, c->io.fd); /* what went wrong is met again when the rest is sent */
    worker_count(&c->worker->counters.bytes_out, before - outbuf_len(&c->out));
}

/** A hello that claims nothing settles nothing: a client may look first what it speaks to. */
static void sort_out(struct conn *c, mono_us now)
{
    struct worker *w = c->worker;
    struct client_fault fault;
    struct slice frame;
    size_t need;
    if (client_frame(w->codec, c->input, &frame, &need, &fault) != OK)
        return; /* it is not whole; what is wrong with it is told by whoever asked for it */
    if (client_request_decode(w->codec, frame, &w->request, &fault) != OK ||
        w->request.op != OP_HELLO) {
        make_guest(c);
    } else if (w->request.auth.len > 0) {
        c->may_log_in = false;
        (void)make_stranger(c);
    } else {
        (void)request_run(c, now, frame);
        send_at_once(c);
        c->input = slice_of(c->input.at + need, c->input.len - need);
        c->begun = 0;
    }
}

bool auth_is_open(const struct conn *c)
{
    return c->stranger != NULL || c->may_log_in;
}

void auth_hear(struct conn *c, mono_us now)
{
    struct slice frame;
    if (c->may_log_in)
        sort_out(c, now);
    while (c->stranger != NULL && !c->ending && !c->closed && take_frame(c, &frame))
        answer_one(c, now, frame);
}

/* ---- what they may do ---- */

void auth_refuse(struct conn *c, const struct client_request *request)
{
    char has[RIGHTS_TEXT_MAX];
    struct client_fault fault = {.has_id = true, .id = request->id, .name = "NOT_PERMITTED"};
    (void)snprintf(fault.text, sizeof fault.text, "%s needs the capability %s; this client has %s",
                   client_op_text(request->op), rights_word(client_op_needs(request->op)),
                   rights_text(c->rights, ", ", has));
    worker_count(&c->worker->counters.not_permitted, 1);
    request_refuse(c, &fault);
}

/** Does the file still give c what it has? What it gives beyond that, c has from now on. */
static bool keeps_rights(struct auth *a, struct conn *c)
{
    const struct clients_one *one = clients_tagged(&a->secrets->clients, c->client);
    if (one == NULL || (c->rights & ~one->rights) != 0)
        return false;
    c->rights = one->rights;
    return true;
}

/** Subscriptions, waiting gets and requests under way go with the connection: so who lost anything
 *  begins anew. */
void auth_review(struct worker *w)
{
    struct auth *a = auth_of(w);
    const uint64_t edition = atomic_load(&a->edition);
    if (a->secrets == NULL || w->auth.edition == edition)
        return;
    w->auth.edition = edition;
    pthread_mutex_lock(&a->lock);
    for (struct conn *c = LIST_FIRST(&w->conns), *next; c != NULL; c = next) {
        next = LIST_NEXT(c, all);
        if (c->closed || c->client == 0 || keeps_rights(a, c))
            continue;
        worker_count(&w->counters.clients_cut, 1);
        conn_end(c);
    }
    pthread_mutex_unlock(&a->lock);
}
