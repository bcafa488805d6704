# Warnings and sanitizers that every target of ours is built with.
add_library(steady_flags INTERFACE)
target_compile_options(steady_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    $<$<BOOL:${STEADY_WERROR}>:-Werror>)
target_compile_definitions(steady_flags INTERFACE
    $<$<PLATFORM_ID:Linux>:_GNU_SOURCE>
    $<$<PLATFORM_ID:Darwin>:_DARWIN_C_SOURCE>)
if(STEADY_SANITIZE)
    target_compile_options(steady_flags INTERFACE -fsanitize=${STEADY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(steady_flags INTERFACE -fsanitize=${STEADY_SANITIZE})
endif()

# steady_layer(NAME SOURCES a.c... USES lower layer or library...)
#
# One static library per layer: util <- format <- core <- cli. The headers form a verified set, so that the
# build compiles each of them alone (target all_verify_interface_header_sets).
function(steady_layer name)
    cmake_parse_arguments(arg "" "" "SOURCES;USES" ${ARGN})
    set(headers_dir ${PROJECT_SOURCE_DIR}/include)
    file(GLOB headers CONFIGURE_DEPENDS ${headers_dir}/steady/${name}/*.h)
    add_library(steady_${name} STATIC ${arg_SOURCES})
    target_sources(steady_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${headers_dir} FILES ${headers})
    target_link_libraries(steady_${name} PUBLIC ${arg_USES} steady_flags)
    set_target_properties(steady_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()
