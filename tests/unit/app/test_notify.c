#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "app/notify.h"

#define READY "READY=1\nSTATUS=serves"

/** A service manager: a datagram socket, and the variable that names it. */
struct manager {
    int fd;
    char path[64];  /* "" = of the abstract name space */
    char pair[128]; /* NOTIFY_SOCKET=... */
};

static void listen_at(struct manager *m, const struct sockaddr_un *at, size_t path_len)
{
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_geq(m->fd, 0);
    const socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
    cr_assert_eq(bind(m->fd, (const struct sockaddr *)at, len), 0);
}

static struct manager manager_by_path(void)
{
    struct manager m = {.path = "/tmp/scrubjay-notify-XXXXXX"};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int file = mkstemp(m.path);
    cr_assert_geq(file, 0);
    (void)close(file);
    (void)unlink(m.path);
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", m.path);
    (void)snprintf(m.pair, sizeof m.pair, "NOTIFY_SOCKET=%s", m.path);
    listen_at(&m, &at, strlen(m.path));
    return m;
}

static struct manager manager_by_name(void)
{
    struct manager m = {.path = ""};
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    const int len =
        snprintf(at.sun_path + 1, sizeof at.sun_path - 1, "scrubjay-notify-%d", getpid());
    (void)snprintf(m.pair, sizeof m.pair, "NOTIFY_SOCKET=@%s", at.sun_path + 1);
    listen_at(&m, &at, (size_t)len + 1);
    return m;
}

static void heard(struct manager *m, const char *message)
{
    char got[64] = "";
    const ssize_t n = recv(m->fd, got, sizeof got - 1, 0);
    cr_assert_eq(n, (ssize_t)strlen(message));
    cr_assert_str_eq(got, message);
}

static void end(struct manager *m)
{
    (void)close(m->fd);
    if (m->path[0] != '\0')
        (void)unlink(m->path);
}

/** Is nothing sent, and nothing harmed, with this variable? */
static void sends_nothing(const char *pair)
{
    char text[256];
    char *env[] = {text, NULL};
    (void)snprintf(text, sizeof text, "%s", pair);
    cr_assert_not(notify_send(env, READY), "%s", pair);
}

Test(notify, a_manager_with_a_path_is_told)
{
    struct manager m = manager_by_path();
    char *env[] = {m.pair, NULL};
    cr_assert(notify_send(env, READY));
    heard(&m, READY);
    end(&m);
}

Test(notify, a_manager_with_an_abstract_name_is_told)
{
    struct manager m = manager_by_name();
    char *env[] = {m.pair, NULL};
    cr_assert(notify_send(env, READY));
    heard(&m, READY);
    end(&m);
}

Test(notify, without_a_manager_nothing_is_sent)
{
    char *env[] = {NULL};
    cr_assert_not(notify_send(env, READY));
    sends_nothing("NOTIFY_SOCKET=");
}

Test(notify, a_manager_that_is_gone_harms_nobody)
{
    sends_nothing("NOTIFY_SOCKET=/nonexistent/socket");
}

Test(notify, what_is_no_address_is_not_used)
{
    char longer[200] = "NOTIFY_SOCKET=/";
    memset(longer + strlen(longer), 'a', 150);
    sends_nothing("NOTIFY_SOCKET=relative");
    sends_nothing("NOTIFY_SOCKET=vsock:2:9999");
    sends_nothing(longer);
}
