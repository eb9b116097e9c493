/**
 * http/dashboard.h - the page of GET /, made from dashboard/ when this is built (dashboard/embed.cmake).
 *
 * It holds nothing of this node: a browser asks for that with the same requests as everybody.
 */
#pragma once

#include <stddef.h>

extern const unsigned char http_dashboard[]; /* HTML, UTF-8 */
extern const size_t http_dashboard_len;
extern const char http_dashboard_policy[]; /* its Content-Security-Policy */
