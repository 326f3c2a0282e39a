include_guard(GLOBAL)

# qiao_add_connector_library(NAME SOURCES … [LIBS …] [PRIVATE_LIBS …])
#   Code that connectors share or that is tested without its plugin: static, but fit to be part of a plugin.
function(qiao_add_connector_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS;PRIVATE_LIBS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_compile_options(${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC qiao::sdk ${arg_LIBS} PRIVATE ${arg_PRIVATE_LIBS})
  qiao_use_pch(${name})
endfunction()
