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
  qiao_use_pch(${name})
  set(main GTest::gtest_main)
  if(arg_NO_MAIN)
    set(main GTest::gtest)
  endif()
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gmock ${main})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE QIAO_SOURCE_DIR="${CMAKE_SOURCE_DIR}" QIAO_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                             QIAO_PLUGIN_DIR="${QIAO_PLUGIN_OUTPUT_DIR}")
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
