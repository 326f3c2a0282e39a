# Tests' own sources are half of all that is compiled, and none of it ships: they are optimised lightly (under a sanitizer,
# whose checks multiply the code, not at all) and have a precompiled header of their own, with GoogleTest and JSON.
if(QIAO_SANITIZE)
  set(QIAO_TEST_OPTIMISATION -O0)
else()
  # Half-optimised code lets GCC guess at uninitialised members that -O3, which all else is built with, sees set.
  set(QIAO_TEST_OPTIMISATION $<$<CONFIG:Release>:-O1> $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(QIAO_TESTS)
  add_library(qiao_test_pch OBJECT ${CMAKE_SOURCE_DIR}/packaging/cmake/test_pch.cpp)
  target_link_libraries(qiao_test_pch PRIVATE fmt::fmt nlohmann_json::nlohmann_json GTest::gmock)
  target_compile_options(qiao_test_pch PRIVATE ${QIAO_TEST_OPTIMISATION})
  target_precompile_headers(qiao_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/packaging/cmake/test_pch.hpp)
endif()

# For the program of a test, or a library that tests share.
function(qiao_build_as_test target)
  target_precompile_headers(${target} REUSE_FROM qiao_test_pch)
  target_compile_options(${target} PRIVATE ${QIAO_TEST_OPTIMISATION})
  target_link_libraries(${target} PRIVATE GTest::gmock)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE QIAO_SOURCE_DIR="${CMAKE_SOURCE_DIR}" QIAO_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                               QIAO_PLUGIN_DIR="${QIAO_PLUGIN_OUTPUT_DIR}")
endfunction()

# qiao_add_test(NAME SOURCES … [LIBS …] [LABELS …])
#   A GoogleTest program. Every TEST becomes a ctest case of its own; LABELS default to "unit".
#   With ON_MYSQL [FILTER] the whole program is one more case, NAME_mysql, whose stores are on a private MariaDB server
#   (QIAO_TEST_STORE=mysql); FILTER is GoogleTest's.
#   Programs run from the build tree with QIAO_SOURCE_DIR, QIAO_BINARY_DIR and QIAO_PLUGIN_DIR defined as macros.
function(qiao_add_test name)
  cmake_parse_arguments(arg "NO_MAIN;ON_MYSQL" "TIMEOUT;FILTER" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  qiao_build_as_test(${name})
  set(main GTest::gtest_main)
  if(arg_NO_MAIN)
    set(main GTest::gtest)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBS} ${main})
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT})
  if(arg_ON_MYSQL)
    if(NOT arg_FILTER)
      set(arg_FILTER "*")
    endif()
    add_test(NAME ${name}_mysql COMMAND ${name} "--gtest_filter=${arg_FILTER}")
    set_tests_properties(${name}_mysql PROPERTIES LABELS "${arg_LABELS};mysql" TIMEOUT 600
                                                  ENVIRONMENT "QIAO_TEST_STORE=mysql")
  endif()
endfunction()
