#include "engine/error.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace flopsieve;

TEST_CASE("error: a message stays on its line and cannot steer a terminal") {
  CHECK(engine::one_line("job.toml:3: \"\u00f6\\\" is no name") ==
        "job.toml:3: \"\u00f6\\\" is no name");
  CHECK(engine::one_line("saw 'n\n'\r\tand \x1b[2J\x7f" + std::string(1, '\0')) ==
        "saw 'n\\n'\\x0d\\tand \\x1b[2J\\x7f\\x00");
  CHECK(std::string(engine::Error(engine::ExitCode::bad_input, "two\nlines").what()) ==
        "two\\nlines");
}
