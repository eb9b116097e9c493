#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include "loop/address.h"
#include "loop/listen.h"

static struct listen_cfg on(const char *at, bool shared)
{
    struct listen_cfg cfg = {.what = "clients", .type = SOCK_STREAM, .shared = shared};
    cr_assert_eq(address_parse(at, &cfg.addr), OK);
    return cfg;
}

Test(listen, port_0_becomes_a_real_port)
{
    char why[256];
    int fd = -1;
    struct addr bound;
    const struct listen_cfg cfg = on("127.0.0.1:0", false);
    cr_assert_eq(listen_open(&cfg, &fd, &bound, why, sizeof why), OK);
    cr_expect_neq(bound.port, 0);
    close(fd);
}

Test(listen, a_port_in_use_is_explained)
{
    char why[256];
    int fd = -1, second = -1;
    struct addr bound;
    struct listen_cfg cfg = on("127.0.0.1:0", false);
    cr_assert_eq(listen_open(&cfg, &fd, &bound, why, sizeof why), OK);
    cfg.addr = bound;
    cr_assert_eq(listen_open(&cfg, &second, &bound, why, sizeof why), ERR_IO);
    cr_expect_neq(strstr(why, "Address already in use"), NULL, "%s", why);
    cr_expect_neq(strstr(why, "127.0.0.1:"), NULL, "%s", why);
    cr_expect_neq(strstr(why, "choose another port"), NULL, "%s", why);
    close(fd);
}

Test(listen, an_address_of_another_machine_is_explained)
{
    char why[256];
    int fd = -1;
    struct addr bound;
    const struct listen_cfg cfg = on("192.0.2.1:0", false);
    cr_assert_eq(listen_open(&cfg, &fd, &bound, why, sizeof why), ERR_IO);
    cr_expect_neq(strstr(why, "does not have that address"), NULL, "%s", why);
}

Test(listen, workers_share_a_port_but_another_process_is_noticed)
{
    char why[256];
    int fds[2] = {-1, -1};
    struct addr bound;
    struct listen_cfg cfg = on("127.0.0.1:0", true);
    cr_assert_eq(listen_check_free(&cfg, why, sizeof why), OK);
    cr_assert_eq(listen_open(&cfg, &fds[0], &bound, why, sizeof why), OK);
    cfg.addr = bound;
    cr_expect_eq(listen_check_free(&cfg, why, sizeof why), ERR_IO);
    cr_assert_eq(listen_open(&cfg, &fds[1], &bound, why, sizeof why), OK, "%s", why);
    close(fds[0]);
    close(fds[1]);
}
