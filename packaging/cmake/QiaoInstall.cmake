# The hub as a whole: the target `hub` builds what `qiao run` needs, and `cmake --install` puts it and the SDK into a prefix.
include(GNUInstallDirs)
get_property(plugins GLOBAL PROPERTY QIAO_PLUGINS)
add_custom_target(hub DEPENDS qiao ${plugins})

# Read-only files lie in <prefix>/share/qiao; the build tree links to where they are made.
set(share ${CMAKE_BINARY_DIR}/share/qiao)
file(MAKE_DIRECTORY ${share})
function(qiao_share name folder)
  file(CREATE_LINK ${folder} ${CMAKE_BINARY_DIR}/share/qiao/${name} SYMBOLIC)
  install(DIRECTORY ${folder}/ DESTINATION share/qiao/${name} COMPONENT hub ${ARGN})
endfunction()
qiao_share(web ${CMAKE_SOURCE_DIR}/plugins/web/frontend/dist OPTIONAL)
qiao_share(template ${CMAKE_SOURCE_DIR}/sdk/template)
qiao_share(config ${CMAKE_SOURCE_DIR}/config)
foreach(plugin IN LISTS plugins)
  if(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/plugins/${plugin}/share)
    qiao_share(${plugin} ${CMAKE_SOURCE_DIR}/plugins/${plugin}/share)
  endif()
endforeach()

install(TARGETS qiao RUNTIME DESTINATION bin COMPONENT hub)
install(TARGETS ${plugins} LIBRARY DESTINATION lib/qiao/plugins COMPONENT hub)
install(TARGETS qiao-sdk EXPORT QiaoSdkTargets LIBRARY DESTINATION lib COMPONENT hub)
install(TARGETS qiao-testkit EXPORT QiaoSdkTargets LIBRARY DESTINATION lib COMPONENT sdk)
install(DIRECTORY sdk/include/ sdk/testkit/include/ DESTINATION include COMPONENT sdk)
install(EXPORT QiaoSdkTargets NAMESPACE qiao:: DESTINATION lib/cmake/QiaoSdk COMPONENT sdk)
include(CMakePackageConfigHelpers)
configure_package_config_file(sdk/cmake/QiaoSdkConfig.cmake.in ${CMAKE_BINARY_DIR}/QiaoSdkConfig.cmake
                              INSTALL_DESTINATION lib/cmake/QiaoSdk)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/QiaoSdkConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/QiaoSdkConfig.cmake ${CMAKE_BINARY_DIR}/QiaoSdkConfigVersion.cmake
              sdk/cmake/QiaoPlugin.cmake DESTINATION lib/cmake/QiaoSdk COMPONENT sdk)
