# cmake -DFROM=FOLDER -DTO=FILE.c -P embed.cmake: the dashboard as one array of bytes, and its policy.
#
# Style and script go into the page, and their hashes into the Content-Security-Policy: nothing else is
# ever run or applied (W3C CSP 3, 2.3.1 and 6.7.2).

function(base64_of hex out)
    set(letters "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    set(text "")
    string(LENGTH "${hex}" n)
    math(EXPR pad "(6 - ${n} % 6) % 6 / 2") # bytes that the last group of three lacks
    string(REPEAT "00" ${pad} zeros)
    set(hex "${hex}${zeros}")
    math(EXPR last "(${n} - 1) / 6")
    foreach(i RANGE ${last})
        math(EXPR at "${i} * 6")
        string(SUBSTRING "${hex}" ${at} 6 group)
        foreach(shift IN ITEMS 18 12 6 0)
            math(EXPR index "(0x${group} >> ${shift}) & 63")
            string(SUBSTRING "${letters}" ${index} 1 letter)
            string(APPEND text "${letter}")
        endforeach()
    endforeach()
    string(LENGTH "${text}" n)
    math(EXPR n "${n} - ${pad}")
    string(SUBSTRING "${text}" 0 ${n} text)
    string(REPEAT "=" ${pad} pad)
    set(${out} "${text}${pad}" PARENT_SCOPE)
endfunction()

foreach(part IN ITEMS style.css script.js page.html)
    file(READ ${FROM}/${part} ${part})
endforeach()
string(SHA256 style "${style.css}")
string(SHA256 script "${script.js}")
base64_of(${style} style)
base64_of(${script} script)
string(REPLACE "@STYLE@" "${style.css}" page "${page.html}")
string(REPLACE "@SCRIPT@" "${script.js}" page "${page}")

file(WRITE ${TO}.html "${page}")
file(READ ${TO}.html bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${TO}
"#include \"http/dashboard.h\"

const unsigned char http_dashboard[] = {
${bytes}};
const size_t http_dashboard_len = sizeof http_dashboard;
const char http_dashboard_policy[] =
    \"default-src 'none'; script-src 'sha256-${script}'; style-src 'sha256-${style}'; \"
    \"img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\";
")
