# strip.awk - C without comments and string contents, line for line, as "file:line:code".
FNR == 1 { inside = 0 }
{
    rest = $0
    code = ""
    while (rest != "") {
        if (inside) {
            at = index(rest, "*/")
            if (at == 0)
                break
            rest = substr(rest, at + 2)
            inside = 0
        } else if (match(rest, /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'|\/\/.*|\/\*/) == 0) {
            code = code rest
            break
        } else {
            found = substr(rest, RSTART, RLENGTH)
            code = code substr(rest, 1, RSTART - 1)
            rest = substr(rest, RSTART + RLENGTH)
            if (found == "/*")
                inside = 1
            else if (substr(found, 1, 1) == "\"")
                code = code "\"\""
            else if (substr(found, 1, 1) == "'")
                code = code "0"
        }
    }
    print FILENAME ":" FNR ":" code
}
