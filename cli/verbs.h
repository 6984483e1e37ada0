// One function per verb: from its arguments to the exit code.
#pragma once

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/session.h"

namespace sweepd::cli {

// An error is printed, and becomes the exit code, in one place: by whoever called the verb.
Result<int> run(const SubmitArgs& args, Session& session);
Result<int> run(const CheckArgs& args, Session& session);
Result<int> run(const RunArgs& args, Session& session);
Result<int> run(const ListArgs& args, Session& session);
Result<int> run(const ShowArgs& args, Session& session);
Result<int> run(const LeaderboardArgs& args, Session& session);
Result<int> run(const TrialListArgs& args, Session& session);
Result<int> run(const TrialShowArgs& args, Session& session);
Result<int> run(const WatchArgs& args, Session& session);
Result<int> run(const WaitArgs& args, Session& session);
Result<int> run(const LogsArgs& args, Session& session);
Result<int> run(const MetricsArgs& args, Session& session);
Result<int> run(const ControlArgs& args, Session& session);
Result<int> run(const RemoveArgs& args, Session& session);
Result<int> run(const GcArgs& args, Session& session);
Result<int> run(const UsageArgs& args, Session& session);
Result<int> run(const ExplainArgs& args, Session& session);
Result<int> run(const AgentListArgs& args, Session& session);
Result<int> run(const AgentShowArgs& args, Session& session);
Result<int> run(const AgentControlArgs& args, Session& session);
Result<int> run(const ModelListArgs& args, Session& session);
Result<int> run(const ModelShowArgs& args, Session& session);
Result<int> run(const ModelRegisterArgs& args, Session& session);
Result<int> run(const ModelDownloadArgs& args, Session& session);
Result<int> run(const ArtifactListArgs& args, Session& session);
Result<int> run(const ArtifactGetArgs& args, Session& session);
Result<int> run(const ServerInfoArgs& args, Session& session);
Result<int> run(const ServerBackupArgs& args, Session& session);
Result<int> run(const VersionArgs& args, Session& session);
Result<int> run(const CompletionArgs& args, Session& session);
Result<int> run(const HelpArgs& args, Session& session);

}  // namespace sweepd::cli
