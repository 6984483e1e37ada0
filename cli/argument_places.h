// The places that the options of the verbs are written to, one for each verb.
#pragma once

#include "cli/arguments.h"

namespace sweepd::cli {

struct ArgumentPlaces {
  SubmitArgs submit;
  CheckArgs check;
  RunArgs run;
  ListArgs list;
  ShowArgs show;
  LeaderboardArgs leaderboard;
  TrialListArgs trial_list;
  TrialShowArgs trial_show;
  WatchArgs watch;
  WaitArgs wait;
  LogsArgs logs;
  MetricsArgs metrics;
  ControlArgs stop{pb::STOP, {}, {}, false, false};
  ControlArgs pause{pb::PAUSE, {}, {}, false, false};
  ControlArgs resume{pb::RESUME, {}, {}, false, false};
  ControlArgs kill{pb::KILL, {}, {}, false, false};
  ControlArgs retry{pb::RETRY, {}, {}, false, false};
  RemoveArgs remove;
  GcArgs gc;
  UsageArgs usage;
  ExplainArgs explain;
  AgentListArgs agent_list;
  AgentShowArgs agent_show;
  AgentControlArgs agent_forget{pb::FORGET_AGENT, {}, {}, false, false};
  AgentControlArgs agent_drain{pb::DRAIN_AGENT, {}, {}, false, false};
  AgentControlArgs agent_resume{pb::RESUME_AGENT, {}, {}, false, false};
  ModelListArgs model_list;
  ModelShowArgs model_show;
  ModelRegisterArgs model_register;
  ModelDownloadArgs model_download;
  ArtifactListArgs artifact_list;
  ArtifactGetArgs artifact_get;
  ServerInfoArgs server_info;
  ServerBackupArgs server_backup;
  VersionArgs version;
  CompletionArgs completion;
  HelpArgs help;
};

}  // namespace sweepd::cli
