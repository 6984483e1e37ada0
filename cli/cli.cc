// From arguments to a verb, and from its error to a line on stderr and an exit code.
#include "cli/cli.h"

#include "base/utf8.h"
#include "cli/arguments.h"
#include "cli/exit_codes.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/verbs.h"
#include "wire/endpoint.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ostream>
#include <variant>

namespace sweepd::cli {

namespace {

Result<wire::Endpoint> local_endpoint(std::string_view text) {
  SWEEPD_TRY(wire::Endpoint endpoint, wire::Endpoint::parse(text));
  SWEEPD_TRY_VOID(endpoint.check_local());
  return endpoint;
}

// Verbs that ask no daemon; help on the variable must not fail because the variable is wrong.
bool asks_nothing(const Command& command) {
  return std::holds_alternative<HelpArgs>(command) ||
         std::holds_alternative<VersionArgs>(command) ||
         std::holds_alternative<CompletionArgs>(command) ||
         std::holds_alternative<CheckArgs>(command);
}

Result<wire::Endpoint> chosen_endpoint(const Invocation& invocation) {
  if (!invocation.server.empty()) {
    return local_endpoint(invocation.server);
  }
  const char* variable = std::getenv("SWEEPD_SERVER");  // NOLINT(concurrency-mt-unsafe)
  const bool set = variable != nullptr && *variable != '\0' && !asks_nothing(invocation.command);
  Result<wire::Endpoint> endpoint =
      local_endpoint(set ? std::string_view(variable) : wire::kDefaultEndpoint);
  if (!endpoint.ok() && set) {
    return Error{endpoint.error().code, "$SWEEPD_SERVER: " + endpoint.error().message};
  }
  return endpoint;
}

int report(const Error& error, const Command& command, Console& console) {
  console.err << styled("error:", Style::kBad, console.err_terminal) << ' ' << error.message << '\n'
              << std::flush;
  // The code of `run` belongs to the command that was run, so all our own troubles share one; but
  // that no agent could ever run it is for the caller to change.
  const bool run = std::holds_alternative<RunArgs>(command);
  const bool own = error.code == Errc::kInterrupted || error.code == Errc::kImpossible;
  return run && !own ? kExitRunFailed : exit_code(error.code);
}

int execute(const Invocation& invocation, Console& console) {
  const Result<wire::Endpoint> endpoint = chosen_endpoint(invocation);
  if (!endpoint.ok()) {
    return report(endpoint.error(), invocation.command, console);
  }
  Session session(console, *endpoint);
  const Result<int> code =
      std::visit([&session](const auto& args) { return run(args, session); }, invocation.command);
  console.out << std::flush;
  return code.ok() ? *code : report(code.error(), invocation.command, console);
}

// Names and selectors travel as text; only the command of `run`, after `--`, may be any bytes.
const std::string* first_without_utf8(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") {
      break;
    }
    if (!is_utf8(argument)) {
      return &argument;
    }
  }
  return nullptr;
}

}  // namespace

int run_cli(const std::vector<std::string>& arguments, Console& console) {
  if (const std::string* argument = first_without_utf8(arguments)) {
    console.err << "error: the argument '" << printable(*argument) << "' is not UTF-8\n";
    return kExitUsage;
  }
  const auto parsed = parse_arguments(arguments);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    console.out << help->text << std::flush;
    return kExitOk;
  }
  if (const auto* fault = std::get_if<UsageFault>(&parsed)) {
    console.err << fault->text << std::flush;
    return kExitUsage;
  }
  return execute(*std::get_if<Invocation>(&parsed), console);
}

}  // namespace sweepd::cli
