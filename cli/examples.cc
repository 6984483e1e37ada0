// One entry a verb: what people type most, and one thing they would not guess.
#include "cli/examples.h"

#include <array>

namespace sweepd::cli {

namespace {

struct Entry {
  std::string_view verb;
  std::string_view lines;
};

constexpr std::array<Entry, 35> kExamples = {{
    {"submit",
     "  sweepctl submit digits.toml --dry-run        what would run, and does it fit\n"
     "  sweepctl submit digits.toml --wait           exit code 0 only if the sweep completed\n"
     "  sweepctl submit digits.toml --set search.trials=5 --name smoke\n"
     "  id=$(sweepctl submit digits.toml --quiet)    the id alone goes to stdout"},
    {"check",
     "  sweepctl check *.toml                        every fault of every file\n"
     "  sweepctl check digits.toml --json            for editors: file, line, column, message"},
    {"run",
     "  sweepctl run -- nvidia-smi                   in an empty folder; the exit code is the "
     "command's\n"
     "  sweepctl run --gpus 1 --time 2h --code . -- python train.py\n"
     "  sweepctl run --code . --detach --name nightly -- make test"},
    {"ls",
     "  sweepctl ls                                  live sweeps and the ten newest\n"
     "  sweepctl ls --all --where 'state = failed' --sort ended_at:desc\n"
     "  sweepctl ls --json=sweep,name,best_value"},
    {"show",
     "  sweepctl show 12\n"
     "  sweepctl show last --toml > again.toml       the sweep file as it was submitted"},
    {"leaderboard",
     "  sweepctl top 12 -n 5\n"
     "  sweepctl top 12 --where 'learning-rate < 0.003' --json=trial,value,params\n"
     "  sweepctl top 12 -n 0 --csv > results.csv"},
    {"trial ls",
     "  sweepctl trial ls 12/failed\n"
     "  sweepctl trial ls 12 --sort seconds:desc --limit 10"},
    {"trial show", "  sweepctl trial show 12/7\n  sweepctl trial show 12/best --json"},
    {"watch",
     "  sweepctl watch                               the newest sweep; q or Ctrl-C quits\n"
     "  sweepctl watch 12 | tee log                  in a pipe: one line a change\n"
     "  sweepctl watch 12 --json                     one JSON object a change"},
    {"wait",
     "  sweepctl wait 12 && sweepctl top 12\n"
     "  sweepctl wait 12 13 --timeout 30m            7 when the time is up, 8 when one failed"},
    {"logs",
     "  sweepctl logs 12/7 -f\n"
     "  sweepctl logs 12/7 --stderr -n 20            its last 20 lines of errors\n"
     "  sweepctl logs 12 -f                          all trials, each line with its trial\n"
     "  sweepctl logs 12 --json=trial,text           one JSON object a line"},
    {"metrics",
     "  sweepctl metrics 12/7\n"
     "  sweepctl metrics 12/best --csv > curve.csv\n"
     "  sweepctl metrics 12/7 -f --json              one JSON object a report"},
    {"stop", "  sweepctl stop 12 --reason 'good enough'      running trials finish, then it ends"},
    {"pause",
     "  sweepctl pause 12                            running trials finish, no new ones start"},
    {"resume", "  sweepctl resume 12"},
    {"kill",
     "  sweepctl kill 12                             the whole sweep, now\n"
     "  sweepctl kill 12/7 --reason 'stuck'          one trial"},
    {"retry", "  sweepctl retry 12/failed\n  sweepctl retry 12/7"},
    {"rm",
     "  sweepctl rm 12 --dry-run                     what would go, and what that would free\n"
     "  sweepctl rm 12 13                            with trials, logs and files; models stay"},
    {"gc",
     "  sweepctl gc                                  at once what would go by itself soon\n"
     "  sweepctl gc --dry-run --json"},
    {"du",
     "  sweepctl du -n 10                            the ten largest sweeps\n"
     "  sweepctl du 12 --json"},
    {"explain",
     "  sweepctl explain 12/7                        why it waits, was pruned or failed\n"
     "  sweepctl why 12"},
    {"agent ls", "  sweepctl agent ls\n  sweepctl agent ls --json"},
    {"agent show",
     "  sweepctl agent show gpu-a                    why it is drained, what failed on it\n"
     "  sweepctl agent show 3 --json"},
    {"agent drain", "  sweepctl agent drain gpu-a --reason 'new fan on Friday'"},
    {"agent resume", "  sweepctl agent resume gpu-a                  and forget what failed on it"},
    {"agent forget",
     "  sweepctl agent forget gpu-a                  a box that does not come back"},
    {"model ls", "  sweepctl model ls\n  sweepctl model ls mnist"},
    {"model show", "  sweepctl model show mnist:4"},
    {"model register", "  sweepctl model register 12/best --name mnist --path outputs/model"},
    {"model download",
     "  sweepctl model download mnist ./model        the newest version\n"
     "  sweepctl model download mnist:4"},
    {"artifact ls", "  sweepctl artifact ls 12/7"},
    {"artifact get",
     "  sweepctl artifact get 12/7 -o results\n"
     "  sweepctl artifact get 12/best 'outputs/*.pt'"},
    {"server info", "  sweepctl server info"},
    {"server backup",
     "  sweepctl server backup /backup/monday        while it works; best on another disk\n"
     "  sweepctl server backup /backup/$(date +%F) --json\n"
     "  sweepd restore /backup/monday --state /srv/sweepd   the way back (on its machine)"},
    {"completion",
     "  sweepctl completion bash > ~/.local/share/bash-completion/completions/sweepctl\n"
     "  source <(sweepctl completion zsh)            in ~/.zshrc, after compinit\n"
     "  sweepctl completion fish | source            in ~/.config/fish/config.fish"},
}};

}  // namespace

std::string examples_of(std::string_view verb) {
  for (const Entry& entry : kExamples) {
    if (entry.verb == verb) {
      return "Examples:\n" + std::string(entry.lines);
    }
  }
  return {};
}

std::vector<std::string> verbs_with_examples() {
  std::vector<std::string> verbs;
  for (const Entry& entry : kExamples) {
    verbs.emplace_back(entry.verb);
  }
  return verbs;
}

}  // namespace sweepd::cli
