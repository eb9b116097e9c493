#include "cli/live.h"

#include <stdio.h>

#include "cli/terminal.h"

/** May it be better the next time? */
static bool may_pass(enum scrubjay_status status)
{
    return status == SCRUBJAY_CONNECT || status == SCRUBJAY_TIMEOUT || status == SCRUBJAY_UNKNOWN ||
           status == SCRUBJAY_ERROR;
}

/** Going away and coming back are told once each. */
static void tell_change(const struct jay *j, enum scrubjay_status status, bool *lost)
{
    if (status != SCRUBJAY_OK && !*lost)
        jay_say("%s Asking again.", scrubjay_error(j->client));
    if (status == SCRUBJAY_OK && *lost)
        jay_say("%s answers again", j->server);
    *lost = status != SCRUBJAY_OK;
}

static enum jay_exit look_on(struct jay *j, const struct live *l)
{
    enum scrubjay_status status = SCRUBJAY_OK;
    bool met = false, lost = false;
    uint64_t n = 0;
    do {
        bool shown = false;
        status = l->look(j, l->ctx, &shown);
        if (status != SCRUBJAY_OK && (!met || !may_pass(status))) {
            terminal_leave();
            return jay_judge(j, status);
        }
        met = true;
        tell_change(j, status, &lost);
        if (fflush(stdout) != 0)
            return JAY_NEGATIVE;
        n += shown;
    } while ((l->count == 0 || n < l->count) && terminal_wait(l->interval_ms) != TERMINAL_QUIT);
    return JAY_OK;
}

enum jay_exit live_run(struct jay *j, const struct live *l)
{
    terminal_enter(l->screen);
    const enum jay_exit status = look_on(j, l);
    terminal_leave();
    return status;
}
