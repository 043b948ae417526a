# What is installed. Component "c" is for C users: libwirelaw.a, headers, pkg-config file, programs,
# manual page, completion. Component "python" is what a wheel holds beside the Python packages.
get_property(libraries GLOBAL PROPERTY WIRELAW_LIBRARIES)
get_property(programs GLOBAL PROPERTY WIRELAW_PROGRAMS)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/wirelaw)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# wirelaw_install_headers(FROM INTO [FLAT]): keeps what programs outside the project may include.
# Headers named *_internal.h, and those of tests, stay inside; FLAT: those of subfolders, too.
function(wirelaw_install_headers from into)
  if(ARGN STREQUAL "FLAT")
    file(GLOB public ${PROJECT_SOURCE_DIR}/${from}/*.h ${PROJECT_SOURCE_DIR}/${from}/*.def)
    install(FILES ${public} DESTINATION ${headers}/${into} COMPONENT c)
  elseif(EXISTS ${PROJECT_SOURCE_DIR}/${from})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${from}/ DESTINATION ${headers}/${into} COMPONENT c
            FILES_MATCHING PATTERN "*.h" PATTERN "*.def"
            PATTERN "*internal.h" EXCLUDE PATTERN "tests" EXCLUDE)
  endif()
endfunction()

if(libraries)
  list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(wirelaw STATIC ${objects})
  set_target_properties(wirelaw PROPERTIES LINKER_LANGUAGE C)
  install(TARGETS wirelaw ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c)

  install(DIRECTORY ${PROJECT_BINARY_DIR}/generated/law DESTINATION ${headers} COMPONENT c
          FILES_MATCHING PATTERN "*.h")
  wirelaw_install_headers(codecs ".")
  wirelaw_install_headers(conformance/monitors monitors)
  wirelaw_install_headers(pcap pcap)
  wirelaw_install_headers(harness/net net)
  wirelaw_install_headers(harness/peers peers FLAT)
  wirelaw_install_headers(harness/replay replay)

  file(RELATIVE_PATH prefix_from_pc /${pkgconfig_dir} /)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/wirelaw.pc.in ${PROJECT_BINARY_DIR}/wirelaw.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/wirelaw.pc DESTINATION ${pkgconfig_dir} COMPONENT c)
endif()

if(programs)
  install(TARGETS ${programs} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT c)
endif()
install(FILES ${PROJECT_SOURCE_DIR}/docs/wirelaw.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT c)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/completion.bash RENAME wirelaw
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT c)

# A wheel: SKBUILD is set by scikit-build-core, the prefix is the site-packages folder.
if(SKBUILD)
  if(TARGET _wirelaw)
    install(TARGETS _wirelaw LIBRARY DESTINATION . COMPONENT python)
  endif()
  if(programs)
    install(TARGETS ${programs} RUNTIME DESTINATION ${SKBUILD_SCRIPTS_DIR} COMPONENT python)
  endif()
  # The paths of the source tree, see wirelaw/paths.py.
  foreach(folder conformance/requirements conformance/vectors conformance/cases conformance/proofs
                 harness/bench harness/differential harness/iuts)
    if(EXISTS ${PROJECT_SOURCE_DIR}/${folder})
      install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder}/ DESTINATION wirelaw/data/${folder}
              COMPONENT python PATTERN "tests" EXCLUDE PATTERN "__pycache__" EXCLUDE)
    endif()
  endforeach()
  foreach(file conformance/case.schema.json reports/results.schema.json)
    get_filename_component(folder ${file} DIRECTORY)
    install(FILES ${PROJECT_SOURCE_DIR}/${file} DESTINATION wirelaw/data/${folder}
            COMPONENT python OPTIONAL)
  endforeach()
  install(FILES ${PROJECT_SOURCE_DIR}/docs/wirelaw.1
          DESTINATION ${SKBUILD_DATA_DIR}/share/man/man1 COMPONENT python)
endif()
