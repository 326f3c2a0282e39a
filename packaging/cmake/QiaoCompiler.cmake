# Compiler settings shared by every target: C++20, warnings as errors, hardening, sanitizers, one precompiled header.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib;$ORIGIN")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(QIAO_CCACHE ccache)
if(QIAO_CCACHE)
  # Precompiled headers need these allowances; the base folder lets a clean clone reuse another clone's objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${QIAO_CCACHE})
endif()

add_compile_options(-fPIC -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Unique symbols would keep an unloaded plugin mapped and merge the statics of two generations.
  add_compile_options(-fno-gnu-unique)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # GCC 12 sees impossible sizes in std::string's own operator+ when it is inlined (GCC bug 105329).
    add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
  endif()
endif()
add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

if(QIAO_SANITIZE)
  add_compile_options(-fsanitize=${QIAO_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${QIAO_SANITIZE})
  if(QIAO_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Instrumented code makes the compiler see reads of uninitialised members inside the standard library's headers.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
  if(QIAO_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
  string(REPLACE "," "+" QIAO_SANITIZE_TAG "${QIAO_SANITIZE}")
  add_compile_definitions(QIAO_SANITIZE_TAG="${QIAO_SANITIZE_TAG}")
else()
  # A library that nothing is taken from is not loaded: each costs the hub memory, and time at every start.
  add_link_options(LINKER:-z,relro,-z,now,--as-needed)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
                        -fcf-protection -D_GLIBCXX_ASSERTIONS)
  endif()
endif()

# One precompiled header for all targets: standard library and fmt.
add_library(qiao_pch OBJECT ${CMAKE_SOURCE_DIR}/packaging/cmake/pch.cpp)
target_link_libraries(qiao_pch PRIVATE fmt::fmt)
target_precompile_headers(qiao_pch PRIVATE ${CMAKE_SOURCE_DIR}/packaging/cmake/pch.hpp)

# Pages of code are the larger part of an idle hub's memory, and much of that code is about what happens seldom. Folders of
# such code set QIAO_SMALL_CODE: a release has it a quarter to a third smaller (-Os). What runs for each message is built with
# -O3.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_library(qiao_small_pch OBJECT ${CMAKE_SOURCE_DIR}/packaging/cmake/pch.cpp)
  target_link_libraries(qiao_small_pch PRIVATE fmt::fmt)
  target_compile_options(qiao_small_pch PRIVATE -Os)
  target_precompile_headers(qiao_small_pch PRIVATE ${CMAKE_SOURCE_DIR}/packaging/cmake/pch.hpp)
endif()

function(qiao_use_pch target)
  set_target_properties(${target} PROPERTIES DEFINE_SYMBOL "")
  if(TARGET qiao_small_pch AND QIAO_SMALL_CODE)
    target_compile_options(${target} PRIVATE -Os)
    target_precompile_headers(${target} REUSE_FROM qiao_small_pch)
  else()
    target_precompile_headers(${target} REUSE_FROM qiao_pch)
  endif()
endfunction()
