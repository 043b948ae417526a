# law_requirements: the requirement enum and its names, made from the catalogues. It is linked by
# every library of the project and carries the include directories that all of them share.
set(catalogues_dir ${PROJECT_SOURCE_DIR}/conformance/requirements)
set(generator ${catalogues_dir}/generate.py)
set(generated_dir ${PROJECT_BINARY_DIR}/generated)
set(include_dirs ${generated_dir}
                 ${PROJECT_SOURCE_DIR}/codecs
                 ${PROJECT_SOURCE_DIR}/conformance
                 ${PROJECT_SOURCE_DIR}/harness
                 ${PROJECT_SOURCE_DIR})

file(GLOB catalogues CONFIGURE_DEPENDS ${catalogues_dir}/*.csv)
if(catalogues)
  set(header ${generated_dir}/law/requirements.h)
  set(source ${generated_dir}/law/requirements.c)
  file(MAKE_DIRECTORY ${generated_dir}/law)
  add_custom_command(
    OUTPUT ${header} ${source}
    COMMAND ${Python3_EXECUTABLE} ${generator} --out-header ${header} --out-source ${source}
    DEPENDS ${generator} ${catalogues}
    COMMENT "Making the requirement enum from the catalogues"
    VERBATIM)
  add_library(law_requirements STATIC ${source} ${header})
  target_include_directories(law_requirements PUBLIC ${include_dirs})
  set_property(GLOBAL APPEND PROPERTY WIRELAW_LIBRARIES law_requirements)
else()
  add_library(law_requirements INTERFACE)
  target_include_directories(law_requirements INTERFACE ${include_dirs})
endif()
