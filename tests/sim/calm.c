#include "calm.h"

#include <stdlib.h>

#define ENOUGH_READS 5000 /* of fewer a tenth more or less is chance */
#define SHARE_OF_TEN 9

static double ratio_of(const struct seed_result *r)
{
    const struct sim_counters *c = &r->counters;
    return c->reads == 0 ? 0.0 : (double)c->hits / (double)c->reads;
}

static struct script without_acts(const struct script *sc)
{
    struct script out = *sc;
    out.acts = NULL;
    out.acts_n = out.acts_cap = 0;
    return out;
}

bool calm_compare(const struct script *sc, const struct seed_result *rough, FILE *out,
                  struct seed_result *quiet)
{
    struct script none = without_acts(sc);
    seed_run(&none, -1, out, quiet);
    script_free(&none);
    if (quiet->failed)
        return false;
    if (quiet->counters.reads < ENOUGH_READS)
        return true;
    quiet->checked.times[CHECK_HITS]++;
    if (ratio_of(rough) * 10 >= ratio_of(quiet) * SHARE_OF_TEN)
        return true;
    fprintf(out, "\nVIOLATION %s: %.3f of the reads hit, and %.3f without faults\n",
            check_name(CHECK_HITS), ratio_of(rough), ratio_of(quiet));
    return false;
}
