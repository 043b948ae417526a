# What `cmake --install` gives: libwirelaw.a, headers, pkg-config file, programs, manual page,
# completions. A wheel takes only the component "python".
get_property(libraries GLOBAL PROPERTY WIRELAW_LIBRARIES)
get_property(programs GLOBAL PROPERTY WIRELAW_PROGRAMS)

if(libraries)
  list(TRANSFORM libraries REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
  add_library(wirelaw STATIC ${objects})
  set_target_properties(wirelaw PROPERTIES LINKER_LANGUAGE C)
  install(TARGETS wirelaw ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT c)
endif()
