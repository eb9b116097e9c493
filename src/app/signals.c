#include "app/signals.h"

#include <signal.h>

static void on_stop(struct ev_loop *loop, struct ev_signal *w, int events)
{
    struct signals *s = w->data;
    (void)loop;
    (void)events;
    loop_stop(s->loop);
}

static void on_hangup(struct ev_loop *loop, struct ev_signal *w, int events)
{
    struct signals *s = w->data;
    (void)loop;
    (void)events;
    s->hangup(s->ctx);
}

void signals_watch(struct signals *s, struct loop *loop, signals_hangup *hangup, void *ctx)
{
    *s = (struct signals){.loop = loop, .hangup = hangup, .ctx = ctx};
    (void)signal(SIGPIPE, SIG_IGN);
    ev_signal_init(&s->term, on_stop, SIGTERM);
    ev_signal_init(&s->interrupt, on_stop, SIGINT);
    ev_signal_init(&s->hup, on_hangup, SIGHUP);
    s->term.data = s;
    s->interrupt.data = s;
    s->hup.data = s;
    ev_signal_start(loop_ev(loop), &s->term);
    ev_signal_start(loop_ev(loop), &s->interrupt);
    ev_signal_start(loop_ev(loop), &s->hup);
}

void signals_unwatch(struct signals *s)
{
    ev_signal_stop(loop_ev(s->loop), &s->term);
    ev_signal_stop(loop_ev(s->loop), &s->interrupt);
    ev_signal_stop(loop_ev(s->loop), &s->hup);
}
