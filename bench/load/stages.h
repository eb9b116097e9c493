/** load/stages.h - runs the stages of a job, one after the other, each on all threads. */
#pragma once

#include "load/lane.h"
#include "load/report.h"

/** Run every stage that the options ask for; the job's lanes are begun. When errors came up before the
 *  timed part, that is left out. Fills in the report, whose job is set. */
void stages_run(struct lane *lanes, struct report *report);
