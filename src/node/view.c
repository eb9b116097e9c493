#include "node/view.h"

#include <assert.h>

#include "node/inside.h"

static void inspect_self(const struct node *n, struct node_view *out)
{
    out->name = n->cfg.name;
    out->cluster = n->cfg.cluster;
    out->addr = n->cfg.addr;
    out->id = n->seal.self;
    out->epoch = ledger_epoch(n->ledger);
    out->state = n->life.state;
    out->state_text = node_state_text(n);
    out->crypto = packet_mode(&n->seal);
    out->sealed = mode_seals(out->crypto);
    out->node = n->counters;
    out->keys_n = n->seal.ring->n;
    for (size_t i = 0; i < out->keys_n; i++)
        out->keys[i] = n->seal.ring->keys[i].id;
    rotation_inspect(n, &out->rotation);
}

static void inspect_swim(const struct node *n, struct node_view *out)
{
    const struct peer_record own = swim_own_record(n->swim);
    out->generation = own.gen;
    out->version = own.ver;
    out->view_hash = swim_view_hash(n->swim);
    out->lhm = swim_lhm(n->swim);
    out->isolated = swim_isolated(n->swim);
    out->members = swim_members(n->swim);
    out->members_max = n->cfg.members_max;
    out->alive = swim_alive(n->swim);
    out->swim = swim_counters(n->swim);
}

/** What stands behind levels and bounds. */
static void inspect_promises(const struct node *n, struct node_view *out)
{
    out->proof_state = proof_state(n->proof);
    out->window_ms = proof_own_window(n->proof);
    out->window_other = proof_other_window(n->proof, &out->window_other_ms);
    out->votes = votes_view(n->votes);
    out->acks = acks_counters(n->acks);
    out->proof = proof_counters(n->proof);
    out->after = after_counters(n->after);
    out->intents = intent_counters(n->intents);
    out->hot = hot_counters(n->hot);
    out->trace = trace_counters(n->trace);
    out->survey = survey_counters(n->survey);
}

static void inspect_ledger(const struct node *n, struct node_view *out)
{
    out->index = ledger_l(n->ledger);
    out->head = ledger_head(n->ledger);
    out->vector_hash = ledger_vector_hash(n->ledger);
    out->gaps = ledger_gaps(n->ledger);
    out->log_n = ledger_log_n(n->ledger);
    out->log_max = n->cfg.log_max;
    out->origins = ledger_origins(n->ledger);
    out->retired_n = ledger_retired_n(n->ledger);
    out->forgotten_n = ledger_forgotten_n(n->ledger);
    out->ledger = ledger_counters(n->ledger);
}

struct node_pulse node_pulse(const struct node *n)
{
    const struct peer_record own = swim_own_record(n->swim);
    return (struct node_pulse){.index = ledger_l(n->ledger),
                               .view_hash = swim_view_hash(n->swim),
                               .vector_hash = ledger_vector_hash(n->ledger),
                               .gaps = ledger_gaps(n->ledger),
                               .log_n = ledger_log_n(n->ledger),
                               .members = swim_members(n->swim),
                               .origins = ledger_origins(n->ledger),
                               .generation = own.gen,
                               .version = own.ver,
                               .forgotten = ledger_counters(n->ledger).forgotten};
}

void node_inspect(const struct node *n, struct node_view *out)
{
    *out = (struct node_view){0};
    inspect_self(n, out);
    inspect_swim(n, out);
    inspect_ledger(n, out);
    inspect_promises(n, out);
    out->spread = spread_counters(n->spread);
    out->heal = heal_counters(n->heal);
    out->warm = warm_view(n->warm);
    out->sample = sample_counters(n->sample);
    out->spans = (struct node_spans){.trace = trace_spans(n->trace),
                                     .round_trips = swim_round_trips(n->swim),
                                     .heal_waits = heal_waits(n->heal)};
}

struct warm_view node_warm_view(const struct node *n)
{
    return warm_view(n->warm);
}

uint32_t node_sealing_key(const struct node *n)
{
    return mode_seals(packet_mode(&n->seal)) ? n->seal.ring->keys[0].id : 0;
}

const struct hkey *node_hkey(const struct node *n)
{
    return &n->seal.hkey;
}

void node_member_at(const struct node *n, size_t i, struct node_member *out)
{
    struct origin_view origin;
    struct spread_view link;
    *out = (struct node_member){.swim = swim_member_at(n->swim, i)};
    if (ledger_origin(n->ledger, out->swim.epoch, &origin)) {
        out->head = origin.head;
        out->applied = origin.applied;
    }
    if (spread_link(n->spread, out->swim.id, &link)) {
        out->covered = link.applied;
        out->behind = link.behind;
    }
    const struct peer *p = peers_find(n->peers, out->swim.id);
    out->proven = p != NULL && p->now.proven;
}

void node_origin_at(const struct node *n, size_t i, struct origin_view *out)
{
    *out = ledger_origin_at(n->ledger, i);
}

size_t node_gap_list(const struct node *n, struct gap *out, size_t cap)
{
    return ledger_gap_list(n->ledger, out, cap);
}
