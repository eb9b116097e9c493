/** look.h - what stories may ask of a world: views, members, events. Included by world.h, never alone. */
#pragma once

#include "world.h"

/** The node's view. It must be up. */
struct node_view sim_view(struct sim *s, uint32_t i);

/** What i knows of the member named as node j; false when nothing. */
bool sim_member(struct sim *s, uint32_t i, uint32_t j, struct swim_member *out);

/** How often i told of `kind` about j. */
struct sim_tally *sim_events(struct sim *s, uint32_t i, uint32_t j, enum swim_event_kind kind);

/** How often `kind` was told by anybody about j; UINT32_MAX: about anybody. */
uint32_t sim_events_all(struct sim *s, uint32_t j, enum swim_event_kind kind);

/** The node with this name; UINT32_MAX when there is none. */
uint32_t sim_named(const struct sim *s, struct slice name);
