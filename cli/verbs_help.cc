// version, completion, and help on topics.
#include "base/nearest.h"
#include "cli/completion.h"
#include "cli/examples.h"
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/topics.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <optional>
#include <ostream>

namespace sweepd::cli {

Result<int> run(const VersionArgs& args, Session& session) {
  session.console().out << (args.json ? dump(Json{{"version", SWEEPD_VERSION}})
                                      : std::string("sweepctl " SWEEPD_VERSION))
                        << '\n';
  return kExitOk;
}

Result<int> run(const CompletionArgs& args, Session& session) {
  session.console().out << completion_script(args.shell, next_words());
  return kExitOk;
}

// Help on verbs is told where the command line is read, since only that place knows their options.
Result<int> run(const HelpArgs& args, Session& session) {
  std::vector<std::string> names = topic_names();
  if (args.words.empty()) {
    session.console().out << "Topics (sweepctl help TOPIC):\n";
    for (const std::string& name : names) {
      session.console().out << "  " << name << '\n';
    }
    session.console().out
        << "`sweepctl help VERB` is about one verb; `sweepctl --help` lists them.\n";
    return kExitOk;
  }
  const std::string asked = fmt::format("{}", fmt::join(args.words, " "));
  const std::optional<std::string_view> text = topic_text(asked);
  if (!text) {
    const std::string topics = fmt::format("{}", fmt::join(names, ", "));
    const std::vector<std::string> verbs = verbs_with_examples();
    names.insert(names.end(), verbs.begin(), verbs.end());
    const std::optional<std::string> near = nearest(asked, names);
    return Error{Errc::kInvalidArgument,
                 fmt::format("no help on '{}'; {}",
                             asked,
                             near ? fmt::format("did you mean '{}'?", *near)
                                  : fmt::format("the topics are {}, and `sweepctl --help` lists "
                                                "the verbs",
                                                topics))};
  }
  session.console().out << *text;
  return kExitOk;
}

}  // namespace sweepd::cli
