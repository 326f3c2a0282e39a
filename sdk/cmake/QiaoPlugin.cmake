# qiao_add_plugin(NAME KIND kind SOURCES … [LIBS …])
#   Builds the shared library NAME.so that a hub can load. Used by the hub's own plugins and, through
#   find_package(QiaoSdk), by plugins out of tree: same flags, same checks.
#   The library is placed in QIAO_PLUGIN_OUTPUT_DIR (default: <build>/plugins).
if(NOT DEFINED QIAO_PLUGIN_OUTPUT_DIR)
  set(QIAO_PLUGIN_OUTPUT_DIR "${CMAKE_BINARY_DIR}/plugins")
endif()

function(qiao_add_plugin name)
  cmake_parse_arguments(arg "" "KIND" "SOURCES;LIBS" ${ARGN})
  set(kinds channel crm erp bot routing ticket service)
  if(NOT arg_KIND IN_LIST kinds)
    message(FATAL_ERROR "qiao_add_plugin(${name}): KIND must be one of ${kinds}, got '${arg_KIND}'")
  endif()
  add_library(${name} MODULE ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES PREFIX "" OUTPUT_NAME "${name}" CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY "${QIAO_PLUGIN_OUTPUT_DIR}")
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_link_libraries(${name} PRIVATE qiao::sdk ${arg_LIBS})
  if(NOT QIAO_SANITIZE)
    target_link_options(${name} PRIVATE LINKER:-z,defs)
  endif()
  if(COMMAND qiao_use_pch)
    qiao_use_pch(${name})
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  endif()
  set_property(GLOBAL APPEND PROPERTY QIAO_PLUGINS ${name})
endfunction()
