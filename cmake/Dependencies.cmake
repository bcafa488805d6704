# The three run-time libraries come from the system. A missing or too old one is named with its remedy.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(steady_find prefix module minimum debian fedora brew)
    pkg_check_modules(${prefix} IMPORTED_TARGET "${module}>=${minimum}")
    if(NOT ${prefix}_FOUND)
        message(FATAL_ERROR
            "cargo-steady needs ${module} >= ${minimum}, which pkg-config does not find.\n"
            "  Debian, Ubuntu: apt-get install ${debian}\n"
            "  Fedora:         dnf install ${fedora}\n"
            "  macOS:          brew install ${brew}\n"
            "or run ./bootstrap, which installs what is missing.")
    endif()
endfunction()

steady_find(LIBGIT2 libgit2 1.1 libgit2-dev libgit2-devel libgit2)
steady_find(ZLIB zlib 1.2.11 zlib1g-dev zlib-devel zlib)
steady_find(CJSON libcjson 1.7.14 libcjson-dev cjson-devel cjson)
steady_find(XXHASH libxxhash 0.8.0 libxxhash-dev xxhash-devel xxhash)
