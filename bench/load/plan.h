/** load/plan.h - what a lane asks next, stage by stage. Never sends, never counts. */
#pragma once

#include <stdbool.h>

#include "load/lane.h"

/** The next request of the lane's stage. false: none now; then, unless there is a schedule, none will
 *  come in this stage. */
bool plan_next(struct lane *l, uint64_t now_ns, struct ask *out);

/** What must follow an answer: a fill after a miss, the same once more after "wait". false: nothing. */
bool plan_follow(struct lane *l, const struct slot *slot, const struct reply *reply,
                 struct ask *out);

/** When the next request of the schedule is due; there must be a rate (asserted). */
uint64_t plan_due_ns(const struct lane *l);
