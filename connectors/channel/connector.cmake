include_guard(GLOBAL)
include(${CMAKE_SOURCE_DIR}/connectors/library.cmake)

# qiao_add_channel(NAME CLIENT sources… [LIBS …] [TESTS sources…] [TIMEOUT seconds, of a test])
#   The plugin of a customer platform (plugin.cpp), with its client as a library of its own, qiao_NAME_client, so that unit
#   tests and fuzz targets can use it without a hub. tests/plugin_test.cpp becomes NAME_plugin_test, on the real kernel
#   with the platform's simulator; TESTS become NAME_test, without either.
function(qiao_add_channel name)
  cmake_parse_arguments(arg "" "TIMEOUT" "CLIENT;LIBS;TESTS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set(client qiao_${name}_client)
  qiao_add_connector_library(${client} SOURCES ${arg_CLIENT} LIBS qiao_channel ${arg_LIBS})
  qiao_add_plugin(${name} KIND channel SOURCES plugin.cpp LIBS ${client})
  if(QIAO_TESTS)
    if(arg_TESTS)
      qiao_add_test(${name}_test SOURCES ${arg_TESTS} LIBS ${client} qiao::testkit)
    endif()
    qiao_add_test(${name}_plugin_test SOURCES tests/plugin_test.cpp LIBS qiao_channel_desk
      LABELS integration TIMEOUT ${arg_TIMEOUT})
    add_dependencies(${name}_plugin_test ${name})
  endif()
endfunction()
