# counts.cmake - move the counts of one program's objects to those of another: FROM, TO are folders.

file(GLOB_RECURSE counts RELATIVE ${FROM} ${FROM}/*.gcda)
foreach(count IN LISTS counts)
    get_filename_component(folder ${TO}/${count} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    file(RENAME ${FROM}/${count} ${TO}/${count})
endforeach()
