include_guard(GLOBAL)
include(${CMAKE_SOURCE_DIR}/connectors/library.cmake)

# qiao_add_platform_connector(NAME KIND kind CLIENT sources… [LIBS …] [TIMEOUT seconds, of a test])
#   The plugin of a named system, with its client as a library of its own, so that unit tests and fuzz targets can use it
#   without a hub; tests/plugin_test.cpp becomes NAME_plugin_test.
function(qiao_add_platform_connector name)
  cmake_parse_arguments(arg "" "KIND;TIMEOUT" "CLIENT;LIBS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(client qiao_${name}_client)
  qiao_add_connector_library(${client} SOURCES ${arg_CLIENT} LIBS qiao_platform ${arg_LIBS})
  qiao_add_plugin(${name} KIND ${arg_KIND} SOURCES plugin.cpp LIBS ${client})
  if(QIAO_TESTS)
    qiao_add_test(${name}_plugin_test SOURCES tests/plugin_test.cpp LIBS qiao::testkit qiao_simulator
      LABELS integration TIMEOUT ${arg_TIMEOUT})
    add_dependencies(${name}_plugin_test ${name})
  endif()
endfunction()
